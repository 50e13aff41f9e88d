import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runQuietly } from './run.mjs';
import { say } from './say.mjs';

/**
 * Installs the dependencies of the lockfile, unless they are installed already.
 *
 * @param {string} root
 * @param {string} pnpm the program's path
 * @param {NodeJS.ProcessEnv} env
 * @throws {import('./say.mjs').SetupError} with pnpm's output when it fails
 */
export async function installDependencies(root, pnpm, env) {
  const stampFile = join(root, '.cache', 'dependencies.sha256');
  const stamp = await dependencyStamp(root);
  const installed = existsSync(join(root, 'node_modules', '.modules.yaml'));
  if (installed && (await contents(stampFile)) === stamp) return;

  say('Installing the dependencies (pnpm install --frozen-lockfile)');
  await runQuietly(pnpm, ['install', '--frozen-lockfile'], {
    cwd: root,
    // CI: pnpm must not ask questions. The other variable: onnxruntime-node must not download GPU libraries.
    env: { ...env, CI: 'true', ONNXRUNTIME_NODE_INSTALL: 'skip' },
  });
  await mkdir(join(root, '.cache'), { recursive: true });
  await writeFile(stampFile, stamp);
}

/**
 * A digest of all inputs of the installation: the lockfile, pnpm's settings and every package.json of the workspace, in the
 * root and up to two folders below it.
 *
 * @param {string} root
 * @returns {Promise<string>} SHA-256 in hex
 */
export async function dependencyStamp(root) {
  const folders = ['.'];
  for (const top of await subfolders(root)) {
    folders.push(top);
    for (const below of await subfolders(join(root, top))) folders.push(join(top, below));
  }
  const files = ['pnpm-lock.yaml', 'pnpm-workspace.yaml', ...folders.map((folder) => join(folder, 'package.json'))];
  const hash = createHash('sha256');
  for (const file of files.sort()) {
    const text = await contents(join(root, file));
    if (text !== null) hash.update(JSON.stringify([file, text]));
  }
  return hash.digest('hex');
}

/** @param {string} folder */
async function subfolders(folder) {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory() && entry.name !== 'node_modules' && !entry.name.startsWith('.'))
    .map((entry) => entry.name);
}

/**
 * @param {string} file
 * @returns {Promise<string | null>} its text; null when there is no such file
 */
async function contents(file) {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}
