import { join } from 'node:path';
import { pinsFor } from './pins.mjs';
import { installTool } from './tool.mjs';
import { atLeast } from './version.mjs';

const OLDEST_NODE = '24.11.0';

/**
 * Finds the Node that runs this project's TypeScript and the pnpm that installs its dependencies. Missing programs are
 * installed into the project's cache.
 *
 * @param {string} root
 * @returns {Promise<{ node: string, pnpm: string }>} the paths of the two programs
 * @throws {import('./say.mjs').SetupError} on a platform that the project does not run on, or when an installation fails
 */
export async function findToolchain(root) {
  const pins = pinsFor(process.platform, process.arch);
  const pnpm = join(await installTool(root, pins.pnpm), 'pnpm');
  if (runsTypeScript(process.versions.node, process.features.typescript)) return { node: process.execPath, pnpm };
  return { node: join(await installTool(root, pins.node), 'bin', 'node'), pnpm };
}

/**
 * Whether a Node is new enough and can run TypeScript, which some distributions leave out.
 *
 * @param {string} version `process.versions.node`
 * @param {string | false | undefined} typescript `process.features.typescript`
 */
export function runsTypeScript(version, typescript) {
  return atLeast(version, OLDEST_NODE) && typeof typescript === 'string';
}
