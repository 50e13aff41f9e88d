import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgram } from './find-program.mjs';
import { verify } from './nats-release.mjs';
import { runQuietly } from './run.mjs';

/**
 * One version of a package of Debian 13.
 *
 * @typedef {object} DebianPackage
 * @property {string} package `NAME:ARCHITECTURE=VERSION`, as `apt-get download` takes it
 * @property {string} sha256 of the .deb file, in hex
 */

/** @returns {string | undefined} a program that downloading and unpacking packages needs and that is not on PATH */
export function missingAptTool() {
  return ['apt-get', 'apt-config', 'dpkg-deb'].find((program) => findProgram(program) === null);
}

/**
 * Downloads packages without root rights. apt-get uses its own list of sources and its own folders, so that those of the
 * system do not change.
 *
 * @param {readonly DebianPackage[]} wanted
 * @returns {Promise<Uint8Array[]>} the .deb files, in the same order
 * @throws {import('./say.mjs').SetupError} with apt's message, or when a file has another SHA-256
 */
export async function downloadPackages(wanted) {
  const home = await mkdtemp(join(tmpdir(), 'cinematica-apt-'));
  try {
    for (const folder of ['lists/partial', 'archives/partial', 'download']) {
      await mkdir(join(home, folder), { recursive: true });
    }
    // “trusted”: Ubuntu does not have Debian's keys. The SHA-256 below replaces the signature.
    const list = 'deb [trusted=yes] http://deb.debian.org/debian trixie main\n';
    await writeFile(join(home, 'sources.list'), list);
    await runQuietly('sh', ['-c', 'apt-config dump > "$0"', join(home, 'system.conf')]);
    await writeFile(join(home, 'apt.conf'), aptConfig(home, await readFile(join(home, 'system.conf'), 'utf8')));

    const cwd = join(home, 'download');
    const surroundings = { cwd, env: { ...process.env, APT_CONFIG: join(home, 'apt.conf'), LC_ALL: 'C' } };
    await runQuietly('apt-get', ['update'], surroundings);
    await runQuietly('apt-get', ['download', ...wanted.map((each) => each.package)], surroundings);
    const files = [];
    for (const { package: name, sha256 } of wanted) {
      const bytes = await readFile(join(cwd, `${name.replace(/:(\w+)=(.*)/, '_$2_$1')}.deb`));
      verify(bytes, sha256, `the package ${name} that apt-get downloaded`);
      files.push(bytes);
    }
    return files;
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

/**
 * The configuration file that apt reads first. It keeps the system's network settings (proxies) and drops its hooks,
 * which would clean the system's caches.
 *
 * @param {string} home the folder for apt's files
 * @param {string} system what `apt-config dump` prints
 */
export function aptConfig(home, system) {
  const network = system
    .split('\n')
    .filter((line) => /^Acquire::(?:http|https|ftp|socks|Retries|ForceIPv[46])\b/.test(line));
  return [
    ...network,
    'Acquire::Languages "none";',
    'APT::Sandbox::User "";',
    'Dir::Etc::main "/dev/null";',
    'Dir::Etc::parts "/dev/null";',
    `Dir::Etc::sourcelist "${home}/sources.list";`,
    'Dir::Etc::sourceparts "/dev/null";',
    `Dir::State::lists "${home}/lists";`,
    `Dir::Cache "${home}";`,
    `Dir::Cache::archives "${home}/archives";`,
    '',
  ].join('\n');
}
