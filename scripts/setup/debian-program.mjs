import { existsSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { findProgram } from './find-program.mjs';
import { downloadPackage } from './nats-debian.mjs';
import { unpackInto, verify } from './nats-release.mjs';
import { runQuietly } from './run.mjs';
import { say, SetupError } from './say.mjs';

/**
 * A program that Debian 13 packages: one file, which runs on Debian 12 as well.
 *
 * @typedef {object} DebianProgram
 * @property {string} name of the program and of its package
 * @property {string} variable where who needs it looks for its path
 * @property {string} version as apt lists it
 * @property {string} brew
 * @property {Record<string, { arch: string, sha256: string }>} packages by `process.arch`
 */

/**
 * Looks where one may be: the one that its variable names, on PATH, in the project's cache; else puts Debian's package
 * there, or has brew install it. Nothing is installed as a service.
 *
 * @param {string} root
 * @param {DebianProgram} program
 * @returns {Promise<string>} its path
 * @throws {SetupError} where it is neither there nor to be had
 */
export async function debianProgram(root, { name, variable, version, brew, packages }) {
  const folder = join(root, '.cache', 'tools', `${name}-${version}`);
  const cached = join(folder, name);
  const there = process.env[variable] ?? findProgram(name) ?? (existsSync(cached) ? cached : null);
  if (there !== null) return there;

  const pin = packages[process.arch];
  if (pin !== undefined && ['apt-get', 'apt-config', 'dpkg-deb'].every((tool) => findProgram(tool) !== null)) {
    say(`Installing ${name} ${version} into .cache (Debian’s package)`);
    const bytes = await downloadPackage(`${name}:${pin.arch}=${version}`);
    verify(bytes, pin.sha256, 'the package that apt-get downloaded');
    await unpackInto(folder, 'package.deb', bytes, async (archive, to) => {
      await runQuietly('dpkg-deb', ['-x', archive, to]);
      await rename(join(to, 'usr', 'bin', name), join(to, name));
    });
    return cached;
  }
  if (findProgram('brew') !== null) {
    say(`Installing ${brew} with brew`);
    await runQuietly('brew', ['install', brew]);
    const installed = findProgram(name);
    if (installed !== null) return installed;
  }
  throw new SetupError(`${name} is not on PATH, and could not be had.`);
}
