import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { runQuietly } from './run.mjs';
import { SetupError } from './say.mjs';

/**
 * A source that the NATS server can be installed from.
 *
 * @typedef {object} NatsSource
 * @property {string} name
 * @property {string} version
 * @property {() => string | null} unfit why it cannot be used on this machine; null when it can
 * @property {(folder: string) => Promise<void>} install creates the folder with the program `nats-server` in it
 */

const VERSION = '2.12.15';

/** The time limit for the first byte. It is short, because there is another source. The download itself may take minutes. */
const ANSWER_MS = 5_000;
const DOWNLOAD_MS = 300_000;

/**
 * SHA-256 of the archives, by `process.arch`. The project's container images pin the same ones.
 *
 * @type {Record<string, { arch: string, sha256: string }>}
 */
const archives = {
  x64: { arch: 'amd64', sha256: '58ab8131f819263897e2fc38e503e1b755b63bcafeecc7d12582487df48ca15e' },
  arm64: { arch: 'arm64', sha256: 'b724db99fefbf8f5c808baa82819ee50350aee9734017e4a478f7e545cef3ab6' },
};

/** @type {NatsSource} */
export const officialRelease = {
  name: 'the official release',
  version: VERSION,
  unfit: () =>
    process.platform === 'linux' && archives[process.arch] !== undefined ? null : 'none is pinned for this platform',
  async install(folder) {
    const { arch, sha256 } = /** @type {(typeof archives)[string]} */ (archives[process.arch]);
    const name = `nats-server-v${VERSION}-linux-${arch}`;
    const url = `https://github.com/nats-io/nats-server/releases/download/v${VERSION}/${name}.tar.gz`;
    const bytes = await download(url);
    verify(bytes, sha256, url);
    await unpackInto(folder, 'archive.tar.gz', bytes, async (archive, to) => {
      await runQuietly('tar', ['-xzf', archive, '-C', to, '--strip-components=1', `${name}/nats-server`]);
    });
  },
};

/**
 * Checks a downloaded file.
 *
 * @param {Uint8Array} bytes
 * @param {string} sha256 in hex
 * @param {string} from the file's source, for the error message
 * @throws {SetupError} when the file has another SHA-256
 */
export function verify(bytes, sha256, from) {
  const found = createHash('sha256').update(bytes).digest('hex');
  if (found !== sha256) throw new SetupError(`${from} is not the file that is pinned: its SHA-256 is ${found}`);
}

/**
 * Unpacks an archive into a temporary folder and then renames it, so that an interrupted installation is not mistaken for a
 * complete one.
 *
 * @param {string} folder the final folder
 * @param {string} fileName the name of the archive while it is unpacked
 * @param {Uint8Array} bytes the archive
 * @param {(archive: string, to: string) => Promise<void>} unpack
 */
export async function unpackInto(folder, fileName, bytes, unpack) {
  await mkdir(dirname(folder), { recursive: true });
  const partial = await mkdtemp(`${folder}.`);
  try {
    const archive = join(partial, fileName);
    const content = join(partial, 'content');
    await mkdir(content);
    await writeFile(archive, bytes);
    await unpack(archive, content);
    await rm(folder, { recursive: true, force: true });
    await rename(content, folder);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

/**
 * Downloads a file.
 *
 * @param {string} url
 * @param {number} [answerMs] the time limit for the first byte, in milliseconds
 * @returns {Promise<Uint8Array>}
 * @throws {SetupError} when the server cannot be reached or answers with an error
 */
export async function download(url, answerMs = ANSWER_MS) {
  const abort = new AbortController();
  const stop = () => abort.abort();
  let timer = setTimeout(stop, answerMs);
  try {
    const response = await fetch(url, { signal: abort.signal });
    clearTimeout(timer);
    timer = setTimeout(stop, DOWNLOAD_MS);
    if (!response.ok) throw new SetupError(`${new URL(url).host} answered ${response.status}`);
    return new Uint8Array(await response.arrayBuffer());
  } catch (cause) {
    if (cause instanceof SetupError) throw cause;
    throw new SetupError(`${new URL(url).host} can’t be reached`, { cause });
  } finally {
    clearTimeout(timer);
  }
}
