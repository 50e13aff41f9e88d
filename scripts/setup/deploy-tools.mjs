import { existsSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { findProgram } from './find-program.mjs';
import { downloadPackage } from './nats-debian.mjs';
import { unpackInto, verify } from './nats-release.mjs';
import { runQuietly } from './run.mjs';
import { say, SetupError } from './say.mjs';

/**
 * A program that Debian 13 packages: one static file, which runs on Debian 12 as well. (Debian 12's own are too old:
 * its kubectl brings kustomize 2, which knows no components.)
 *
 * @typedef {object} DebianProgram
 * @property {string} name
 * @property {string} variable where the tests look for its path
 * @property {string} version as apt lists it
 * @property {string} brew
 * @property {Record<string, { arch: string, sha256: string }>} packages by `process.arch`
 */

/** @type {DebianProgram[]} */
const PROGRAMS = [
  {
    name: 'kustomize',
    variable: 'KUSTOMIZE',
    version: '5.6.0+ds-1+b2',
    brew: 'kustomize',
    packages: {
      x64: { arch: 'amd64', sha256: '552bbe5563b522685b10f75a9a226bfbee9778fc313b205d595fdbb7e9c70e33' },
      arm64: { arch: 'arm64', sha256: '32d0e1959b5fc257101c8d6139da72af38ff7ce777089666f9d1c916810f1800' },
    },
  },
  {
    name: 'promtool',
    variable: 'PROMTOOL',
    version: '2.53.3+ds1-2',
    brew: 'prometheus',
    packages: {
      x64: { arch: 'amd64', sha256: 'ff27654eacc95abd846d344e91fe4ba3b4f0588a50d606ed1d2f09ad3408722f' },
      arm64: { arch: 'arm64', sha256: 'cc1d5889b4d2e2ef92a6984039d88c11993ad3c73f5e74acd3ee15adaefb764c' },
    },
  },
];

/**
 * kustomize and promtool, with which the tests of deploy/ render and check. Without them those tests are skipped, except
 * on CI.
 *
 * @type {import('./tasks.mjs').Need}
 */
export async function deployTools(root) {
  /** @type {NodeJS.ProcessEnv} */
  const found = {};
  for (const program of PROGRAMS) {
    try {
      found[program.variable] = await find(root, program);
    } catch (error) {
      if (!(error instanceof SetupError) || process.env.CI) throw error;
      say(`The tests that need ${program.name} are skipped: ${error.message.trim()}`);
    }
  }
  return found;
}

/**
 * @param {string} root
 * @param {DebianProgram} program
 * @returns {Promise<string>} its path
 * @throws {SetupError} where it is neither there nor to be had
 */
async function find(root, { name, variable, version, brew, packages }) {
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
