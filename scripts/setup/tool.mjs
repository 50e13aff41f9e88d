import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runQuietly } from './run.mjs';
import { say } from './say.mjs';

/**
 * Installs a pinned npm package into the project's cache. npm uses the user's settings and checks the integrity.
 *
 * @param {string} root
 * @param {import('./pins.mjs').Pin} pin
 * @returns {Promise<string>} the package's folder
 * @throws {import('./say.mjs').SetupError} when npm can't install it
 */
export async function installTool(root, pin) {
  const home = join(root, '.cache', 'tools', `${pin.name.replace('/', '-')}-${pin.version}`);
  const folder = join(home, 'node_modules', pin.name);
  if (existsSync(home)) return folder;
  say(`Installing ${pin.name} ${pin.version} into .cache`);

  // Under a temporary name, so that an interrupted install is not mistaken for a complete one.
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
      // Another process has installed it in the meantime.
      if (!existsSync(folder)) throw error;
    });
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  return folder;
}

/**
 * The lockfile of an npm project with a single package.
 *
 * @param {import('./pins.mjs').Pin} pin
 */
function lockedProject({ name, version, integrity }) {
  const manifest = { name: 'tool', private: true, dependencies: { [name]: version } };
  const packages = { '': manifest, [`node_modules/${name}`]: { version, integrity } };
  return { manifest, lockfile: { name: 'tool', lockfileVersion: 3, packages } };
}
