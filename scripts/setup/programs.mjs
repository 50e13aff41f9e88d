import { join } from 'node:path';
import { buildOnce } from './build-once.mjs';
import { runQuietly } from './run.mjs';

/** The programs that are bundled, from the project's root. Bundles of what they start in threads and child processes are added. */
export const PROGRAMS = [
  'scripts/animate.ts',
  'scripts/launch/main.ts',
  'services/decoder/src/main.ts',
  'services/denoiser/src/main.ts',
  'services/encoder/src/main.ts',
  'services/gateway/src/main.ts',
  'services/muxer/src/main.ts',
  'services/outbound/src/main.ts',
  'services/provisioner/src/main.ts',
];

/** The files that the bundles are made of. */
const SOURCES = ['pnpm-lock.yaml', 'packages', 'services', 'scripts'];

/**
 * Bundles the programs, unless they were bundled from the same sources before.
 *
 * @param {string} root
 * @param {NodeJS.ProcessEnv} [env] in which `node` is the project's own
 * @returns {Promise<NodeJS.ProcessEnv>} PROGRAMS, the folder of the bundles, for {@link programPath}
 * @throws {import('./say.mjs').SetupError} with the output of a failed build
 */
export async function programs(root, env = process.env) {
  const folder = await buildOnce(root, 'programs', 'Bundling the programs', SOURCES, (out) =>
    runQuietly('node', [join(root, 'scripts', 'build-programs.ts'), out], { env }),
  );
  return { PROGRAMS: folder };
}

/**
 * The file that a process of a program runs.
 *
 * @param {string} root
 * @param {string} source of the program, from the project's root
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {string} its bundle in the folder PROGRAMS; its source where PROGRAMS is not set
 */
export function programPath(root, source, env = process.env) {
  const bundles = PROGRAMS.includes(source) ? env.PROGRAMS : undefined;
  return bundles === undefined ? join(root, source) : join(bundles, bundleName(source));
}

/**
 * The file name of a program's bundle, such as `services-gateway-src-main.js`.
 *
 * @param {string} source of the program, from the project's root
 */
export function bundleName(source) {
  return source.replace(/\.ts$/, '.js').replaceAll(/[/\\]/g, '-');
}
