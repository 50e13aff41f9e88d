import { existsSync } from 'node:fs';
import { readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { downloadPackages, missingAptTool } from './apt.mjs';
import { findProgram } from './find-program.mjs';
import { unpackInto } from './nats-release.mjs';
import { runQuietly } from './run.mjs';
import { say, SetupError } from './say.mjs';

/**
 * A program that Debian 13 packages as a single file. It runs on Debian 12 as well.
 *
 * @typedef {object} DebianProgram
 * @property {string} name of the program and of its package
 * @property {string} variable the environment variable with its path
 * @property {string} version as apt lists it
 * @property {string} brew the name of Homebrew's package
 * @property {Record<string, { arch: string, sha256: string }>} packages by `process.arch`
 * @property {readonly import('./apt.mjs').DebianPackage[]} [shared] further packages whose /usr/share the program needs
 */

/**
 * Finds a program: the one that its variable names, then the one on PATH, then the one in the project's cache. If there is
 * none, unpacks Debian's package into the cache, or installs Homebrew's. No service is installed.
 *
 * @param {string} root
 * @param {DebianProgram} program
 * @returns {Promise<string>} its path; with `shared` packages, their files are in the folder `share` beside it
 * @throws {SetupError} when the program can neither be found nor installed
 */
export async function debianProgram(root, { name, variable, version, brew, packages, shared = [] }) {
  const folder = join(root, '.cache', 'tools', `${name}-${version}`);
  const cached = join(folder, name);
  const isCached = existsSync(cached) && (shared.length === 0 || existsSync(join(folder, 'share')));
  const found = process.env[variable] ?? findProgram(name) ?? (isCached ? cached : null);
  if (found !== null) return found;

  const pin = packages[process.arch];
  if (pin !== undefined && missingAptTool() === undefined) {
    say(`Installing ${name} ${version} into .cache (Debian’s package)`);
    const own = { package: `${name}:${pin.arch}=${version}`, sha256: pin.sha256 };
    const [program, ...others] = /** @type {[Uint8Array, ...Uint8Array[]]} */ (
      await downloadPackages([own, ...shared])
    );
    await unpackInto(folder, 'package.deb', program, async (archive, to) => {
      await runQuietly('dpkg-deb', ['-x', archive, to]);
      for (const bytes of others) {
        await writeFile(archive, bytes);
        await runQuietly('dpkg-deb', ['-x', archive, to]);
      }
      await rename(join(to, 'usr', 'bin', name), join(to, name));
      if (others.length > 0) await rename(join(to, 'usr', 'share'), join(to, 'share'));
      for (const rest of (await readdir(to)).filter((entry) => entry !== name && entry !== 'share')) {
        await rm(join(to, rest), { recursive: true });
      }
    });
    return cached;
  }
  if (findProgram('brew') !== null) {
    say(`Installing ${brew} with brew`);
    await runQuietly('brew', ['install', brew]);
    const installed = findProgram(name);
    if (installed !== null) return installed;
  }
  throw new SetupError(`${name} is not on PATH and could not be installed.`);
}
