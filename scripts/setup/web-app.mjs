import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { oneAtATime } from './one-at-a-time.mjs';
import { runQuietly } from './run.mjs';
import { say } from './say.mjs';

/** The files that the build reads. Everything else in `web/` is generated, or only for tests. */
const SOURCES = [
  'pnpm-lock.yaml',
  'packages/protocol/src',
  'packages/settings/src',
  'web/messages',
  'web/messages.config.ts',
  'web/package.json',
  'web/project.inlang/settings.json',
  'web/src',
  'web/static',
  'web/tsconfig.json',
  'web/vite.config.ts',
];

/**
 * Builds the web app, unless it was built from the same sources before.
 *
 * @param {string} root
 * @param {NodeJS.ProcessEnv} [env] in which `node` is the project's own
 * @returns {Promise<NodeJS.ProcessEnv>} WEB_HANDLER, for the gateway
 * @throws {import('./say.mjs').SetupError} with the output of a failed build
 */
export async function webApp(root, env = process.env) {
  const builds = join(root, '.cache', 'web');
  const stamp = (await webStamp(root)).slice(0, 16);
  const folder = join(builds, stamp);
  const found = { WEB_HANDLER: join(folder, 'handler.js') };
  if (!existsSync(folder)) {
    // Two builds would write to the same folder of SvelteKit.
    await oneAtATime(`${builds}.lock`, async () => {
      if (existsSync(folder)) return;
      say('Building the web app');
      await build(join(root, 'web'), folder, { ...env, WEB_VERSION: stamp, NODE_ENV: 'production' });
      await removeOld(builds, stamp);
    });
  }
  return found;
}

/**
 * @param {string} web the app's sources
 * @param {string} folder for what is built
 * @param {NodeJS.ProcessEnv} env
 */
async function build(web, folder, env) {
  // Under a temporary name, so that an interrupted build is not mistaken for a complete one.
  const partial = `${folder}.${process.pid}`;
  try {
    const vite = join(web, 'node_modules', 'vite', 'bin', 'vite.js');
    await runQuietly('node', [vite, 'build', '--logLevel', 'warn'], { cwd: web, env: { ...env, WEB_OUT: partial } });
    await rename(partial, folder);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

/**
 * A digest of all inputs of the build.
 *
 * @param {string} root
 * @returns {Promise<string>} SHA-256 in hex
 */
export async function webStamp(root) {
  const hash = createHash('sha256');
  for (const source of SOURCES) {
    for (const file of await filesOf(root, source)) {
      hash.update(JSON.stringify(file));
      hash.update(
        createHash('sha256')
          .update(await readFile(join(root, file)))
          .digest(),
      );
    }
  }
  return hash.digest('hex');
}

/**
 * @param {string} root
 * @param {string} path of a file or a folder in it
 * @returns {Promise<string[]>} the file, or all files below the folder that a build reads, always in the same order
 */
async function filesOf(root, path) {
  if (!(await stat(join(root, path))).isDirectory()) return path.endsWith('.test.ts') ? [] : [path];
  // Generated from the messages.
  if (path === 'web/src/lib/i18n/gen') return [];
  const names = (await readdir(join(root, path))).sort();
  return (await Promise.all(names.map((name) => filesOf(root, `${path}/${name}`)))).flat();
}

/**
 * Removes all builds except this one and the previous one, which a running system may still use.
 *
 * @param {string} builds
 * @param {string} current
 */
async function removeOld(builds, current) {
  const others = (await readdir(builds)).filter((name) => /^[\da-f]{16}$/.test(name) && name !== current);
  const dated = await Promise.all(
    others.map(async (name) => ({ name, time: (await stat(join(builds, name))).mtimeMs })),
  );
  for (const { name } of dated.sort((a, b) => b.time - a.time).slice(1)) {
    await rm(join(builds, name), { recursive: true, force: true });
  }
}
