import { createHash, randomUUID } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ReadableStreamReadResult } from 'node:stream/web';
import type { Media, MediaKind } from '@cinematica/protocol/v1';
import { retryUntilReachable } from './retry-until-reachable.ts';
import type { Endpoint } from './retry-until-reachable.ts';
import { RefusedError, UnreachableError } from './system-error.ts';

/** A completely downloaded file under a temporary name. */
export interface FetchedFile extends AsyncDisposable {
  readonly media: Media;
  /** SHA-256, in hexadecimal digits. */
  readonly sha256: string;
  /** Renames it to its final name and replaces a file that has it. */
  keep(): Promise<void>;
}

/**
 * Downloads a file of a video. After a broken connection the download continues where it stopped.
 *
 * @param path the file's final path
 * @param findMedia asks the system for the file's entry with a new link
 */
export async function fetchFile(
  path: string,
  findMedia: () => Promise<Media>,
  system: Endpoint,
  signal: AbortSignal,
): Promise<FetchedFile> {
  const part = join(dirname(path), `.${randomUUID()}.part`);
  const remove = () => rm(part, { force: true });
  try {
    const { media, sha256 } = await download(part, findMedia, system, signal);
    return { media, sha256, keep: () => rename(part, path), [Symbol.asyncDispose]: remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function download(part: string, findMedia: () => Promise<Media>, system: Endpoint, signal: AbortSignal) {
  await using file = await open(part, 'wx');
  let media = await findMedia();
  let written = 0;
  let etag: string | null = null;
  let hash = createHash('sha256');

  await retryUntilReachable(
    async (reportContact, within) => {
      const headers = etag !== null && written > 0 ? { range: `bytes=${written}-`, 'if-range': etag } : undefined;
      const response = await orUnreachable(
        fetch(new URL(media.url, system.url), { ...(headers ? { headers } : {}), signal: within }),
      );
      if (response.status === 404) media = await findMedia();
      if (!response.ok) {
        await response.body?.cancel();
        throw new UnreachableError(`${media.url.split('?', 1)[0]}: status ${response.status}`);
      }
      if (response.status !== 206) {
        written = 0;
        hash = createHash('sha256');
      }
      etag = response.headers.get('etag');
      for await (const chunk of bytesOf(response)) {
        await file.write(chunk, 0, chunk.length, written);
        hash.update(chunk);
        written += chunk.length;
        reportContact();
      }
      if (written < media.sizeBytes) throw new UnreachableError('the connection was closed');
    },
    system,
    signal,
  );
  if (BigInt(written) !== media.sizeBytes) {
    throw new RefusedError(`the video has ${written} bytes instead of ${media.sizeBytes}`);
  }
  return { media, sha256: hash.digest('hex') };
}

async function* bytesOf({ body }: Response): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = body?.getReader();
  if (!reader) return;
  try {
    for (;;) {
      const piece = await orUnreachable(reader.read() as Promise<ReadableStreamReadResult<Uint8Array>>);
      if (piece.done) return;
      yield piece.value;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/** @throws UnreachableError when the promise rejects */
async function orUnreachable<T>(promise: Promise<T>): Promise<T> {
  try {
    return await promise;
  } catch (cause) {
    throw new UnreachableError('the connection was closed', { cause });
  }
}

/** @throws RefusedError when the video has no file of this kind */
export function mediaOf(kind: MediaKind, media: readonly Media[], path: string): Media {
  const found = media.find((each) => each.kind === kind);
  if (!found) throw new RefusedError(`${path}: the system did not make this file`);
  return found;
}
