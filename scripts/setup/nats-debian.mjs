import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgram } from './find-program.mjs';
import { unpackInto, verify } from './nats-release.mjs';
import { runQuietly } from './run.mjs';

/**
 * Debian 13's package, as apt lists it, and its SHA-256 by `process.arch`. It runs on any Linux with glibc 2.34.
 *
 * @type {Record<string, { package: string, sha256: string }>}
 */
const packages = {
  x64: {
    package: 'nats-server:amd64=2.10.27-1+b2',
    sha256: '6d913ac987b78734c08537c2adeb1526cf735f216173a9170d94b185fcfe6f8a',
  },
  arm64: {
    package: 'nats-server:arm64=2.10.27-1+b2',
    sha256: '0c9a617510b28c1b4fb4a38aabea6ab8cd7f026247f2abdff8b955b2278ce049',
  },
};

/** @type {import('./nats-release.mjs').NatsSource} */
export const debianPackage = {
  name: 'Debian’s package',
  version: '2.10.27',
  unfit() {
    if (packages[process.arch] === undefined) return 'none is pinned for this platform';
    const missing = ['apt-get', 'apt-config', 'dpkg-deb'].find((program) => findProgram(program) === null);
    return missing === undefined ? null : `there is no ${missing}`;
  },
  async install(folder) {
    const pin = /** @type {(typeof packages)[string]} */ (packages[process.arch]);
    const bytes = await downloadPackage(pin.package);
    verify(bytes, pin.sha256, 'the package that apt-get downloaded');
    await unpackInto(folder, 'package.deb', bytes, async (archive, to) => {
      await runQuietly('dpkg-deb', ['-x', archive, to]);
      await rename(join(to, 'usr', 'sbin', 'nats-server'), join(to, 'nats-server'));
    });
  },
};

/**
 * Downloads it with an apt that has its own sources list and folders, which any user may run, and that leaves the
 * system's alone.
 *
 * @param {string} wanted as `apt-get download` takes it
 * @returns {Promise<Uint8Array>}
 * @throws {import('./say.mjs').SetupError} with apt's own words
 */
export async function downloadPackage(wanted) {
  const home = await mkdtemp(join(tmpdir(), 'nats-apt-'));
  try {
    for (const folder of ['lists/partial', 'archives/partial', 'download']) {
      await mkdir(join(home, folder), { recursive: true });
    }
    // “trusted”: Ubuntu lacks Debian's keys, and what counts is the SHA-256.
    const list = 'deb [trusted=yes] http://deb.debian.org/debian trixie main\n';
    await writeFile(join(home, 'sources.list'), list);
    await runQuietly('sh', ['-c', 'apt-config dump > "$0"', join(home, 'system.conf')]);
    await writeFile(join(home, 'apt.conf'), aptConfig(home, await readFile(join(home, 'system.conf'), 'utf8')));

    const surroundings = {
      cwd: join(home, 'download'),
      env: { ...process.env, APT_CONFIG: join(home, 'apt.conf'), LC_ALL: 'C' },
    };
    await runQuietly('apt-get', ['update'], surroundings);
    await runQuietly('apt-get', ['download', wanted], surroundings);
    const name = `${wanted.replace(/:(\w+)=(.*)/, '_$2_$1')}.deb`;
    return await readFile(join(home, 'download', name));
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

/**
 * apt reads this file first. Of the system's own settings it keeps the way to the network (proxies), and none of the
 * hooks: they would tidy the system's caches.
 *
 * @param {string} home
 * @param {string} system what `apt-config dump` says
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
