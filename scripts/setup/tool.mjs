import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runQuietly } from './run.mjs';
import { say } from './say.mjs';

/**
 * Makes sure of a pinned package in the project's cache. npm fetches it, through the user's own settings and cache, and
 * checks its integrity, for which it wants a lockfile.
 *
 * @param {string} root
 * @param {import('./pins.mjs').Pin} pin
 * @returns {Promise<string>} the package's folder
 * @throws {import('./say.mjs').SetupError} where npm can't install it
 */
export async function installTool(root, pin) {
  const home = join(root, '.cache', 'tools', `${pin.name.replace('/', '-')}-${pin.version}`);
  const folder = join(home, 'node_modules', pin.name);
  if (existsSync(home)) return folder;
  say(`Installing ${pin.name} ${pin.version} into .cache`);

  // Under another name until it is whole: an install that was stopped is not taken for one that is done.
  const partial = `${home}.${process.pid}`;
  try {
    await mkdir(partial, { recursive: true });
    const { manifest, lockfile } = lockedProject(pin);
    await writeFile(join(partial, 'package.json'), JSON.stringify(manifest));
    await writeFile(join(partial, 'package-lock.json'), JSON.stringify(lockfile));
    await runQuietly('npm', ['ci', '--prefix', partial, '--ignore-scripts', '--no-audit', '--no-fund'], {
      cwd: partial,
    });
    await rename(partial, home).catch((/** @type {unknown} */ error) => {
      // Another run was first.
      if (!existsSync(folder)) throw error;
    });
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  return folder;
}

/**
 * The npm project that holds one package and nothing else.
 *
 * @param {import('./pins.mjs').Pin} pin
 */
function lockedProject({ name, version, integrity }) {
  const manifest = { name: 'tool', private: true, dependencies: { [name]: version } };
  const packages = { '': manifest, [`node_modules/${name}`]: { version, integrity } };
  return { manifest, lockfile: { name: 'tool', lockfileVersion: 3, packages } };
}
