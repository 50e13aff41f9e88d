/**
 * The image's build step: from a checkout in the working folder to `dist/`, which holds what runs and nothing else: the
 * sources, the web app as built, and production's dependencies of the services for this platform.
 */
import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { installDependencies } from '../../scripts/setup/dependencies.mjs';
import { runQuietly } from '../../scripts/setup/run.mjs';
import { findToolchain } from '../../scripts/setup/toolchain.mjs';
import { webApp } from '../../scripts/setup/web-app.mjs';

/** Whose dependencies are shipped, and those of the packages that they depend on. */
const PROGRAMS = ['{./services/*}...', '{./web}...'];

const root = process.cwd();
const { pnpm } = await findToolchain(root);
await installDependencies(root, pnpm, process.env);
const { WEB_HANDLER } = await webApp(root);
if (WEB_HANDLER === undefined) throw new Error('the web app was not built');

// From nothing: what `--prod` leaves of a whole install is still most of it.
const projects = (
  await Promise.all(
    ['packages', 'services'].map(async (top) => (await readdir(join(root, top))).map((name) => join(top, name))),
  )
).flat();
for (const project of ['.', 'web', ...projects])
  await rm(join(root, project, 'node_modules'), { recursive: true, force: true });
const filters = PROGRAMS.map((program) => `--filter=${program}`);
await runQuietly(pnpm, ['install', '--prod', '--offline', '--frozen-lockfile', ...filters], {
  env: { ...process.env, CI: 'true', ONNXRUNTIME_NODE_INSTALL: 'skip' },
});
await keepOwnPlatform();

const dist = join(root, 'dist');
await mkdir(join(dist, 'web'), { recursive: true });
await mkdir(join(dist, 'models'));
for (const part of ['node_modules', 'packages', 'services', 'models/nano', 'web/package.json', 'web/node_modules']) {
  // The web app has its dependencies built in, as long as all of them are for its build.
  if (existsSync(join(root, part))) await copy(part);
}
await rename(dirname(WEB_HANDLER), join(dist, 'web', 'build'));
for (const part of ['package.json', 'LICENSE', 'deploy/docker/health.mjs']) await copy(part);

/**
 * Not moved: what comes from a lower layer of an image can't be. Links stay relative.
 *
 * @param {string} part
 */
function copy(part) {
  return cp(join(root, part), join(dist, part), { recursive: true, verbatimSymlinks: true });
}

/** onnxruntime-node's package has the libraries of every platform. */
async function keepOwnPlatform() {
  const store = join(root, 'node_modules', '.pnpm');
  const [name] = (await readdir(store)).filter((entry) => entry.startsWith('onnxruntime-node@'));
  if (name === undefined) throw new Error('onnxruntime-node is not installed');
  const libraries = join(store, name, 'node_modules', 'onnxruntime-node', 'bin', 'napi-v6');
  for (const platform of await readdir(libraries)) {
    for (const arch of await readdir(join(libraries, platform))) {
      const own = platform === process.platform && arch === process.arch;
      if (!own) await rm(join(libraries, platform, arch), { recursive: true });
    }
  }
}
