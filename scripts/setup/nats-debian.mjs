import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { downloadPackages, missingAptTool } from './apt.mjs';
import { unpackInto } from './nats-release.mjs';
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
    const missing = missingAptTool();
    return missing === undefined ? null : `there is no ${missing}`;
  },
  async install(folder) {
    const pin = /** @type {(typeof packages)[string]} */ (packages[process.arch]);
    const [bytes] = /** @type {[Uint8Array]} */ (await downloadPackages([pin]));
    await unpackInto(folder, 'package.deb', bytes, async (archive, to) => {
      await runQuietly('dpkg-deb', ['-x', archive, to]);
      await rename(join(to, 'usr', 'sbin', 'nats-server'), join(to, 'nats-server'));
    });
  },
};
