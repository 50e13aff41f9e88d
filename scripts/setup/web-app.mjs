import { join } from 'node:path';
import { buildOnce } from './build-once.mjs';
import { runQuietly } from './run.mjs';

/** The files that the build reads. Everything else in `web/` is generated, or only for tests. */
export const WEB_SOURCES = [
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
  const web = join(root, 'web');
  const vite = join(web, 'node_modules', 'vite', 'bin', 'vite.js');
  const folder = await buildOnce(root, 'web', 'Building the web app', WEB_SOURCES, (out, stamp) =>
    runQuietly('node', [vite, 'build', '--logLevel', 'warn'], {
      cwd: web,
      env: { ...env, WEB_OUT: out, WEB_VERSION: stamp, NODE_ENV: 'production' },
    }),
  );
  return { WEB_HANDLER: join(folder, 'handler.js') };
}
