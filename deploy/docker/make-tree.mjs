/**
 * The build step of the image: copies what is needed at run time from a checkout in the working folder to `dist/`: the
 * sources, the built web app, and the production dependencies of the services for this platform.
 */
import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { installDependencies } from '../../scripts/setup/dependencies.mjs';
import { runQuietly } from '../../scripts/setup/run.mjs';
import { findToolchain } from '../../scripts/setup/toolchain.mjs';
import { webApp } from '../../scripts/setup/web-app.mjs';

/** Packages whose dependencies the image contains, including those of the packages that they depend on. */
const PROGRAMS = ['{./services/*}...', '{./web}...'];

const root = process.cwd();
const { pnpm } = await findToolchain(root);
await installDependencies(root, pnpm, process.env);
const { WEB_HANDLER } = await webApp(root);
if (WEB_HANDLER === undefined) throw new Error('the web app was not built');

// Starts without node_modules, because `--prod` leaves most packages of a complete install in place.
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
  // The built web app includes its dependencies, as long as all of them are devDependencies.
  if (existsSync(join(root, part))) await copy(part);
}
await rename(dirname(WEB_HANDLER), join(dist, 'web', 'build'));
for (const part of ['package.json', 'LICENSE', 'deploy/docker/health.mjs']) await copy(part);

/**
 * Copies instead of moving, because files of a lower layer of an image cannot be moved. Links stay relative.
 *
 * @param {string} part
 */
function copy(part) {
  return cp(join(root, part), join(dist, part), { recursive: true, verbatimSymlinks: true });
}

/** Removes the libraries of other platforms, which the package onnxruntime-node includes. */
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
