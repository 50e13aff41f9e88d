import { randomUUID } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ReadableStreamReadResult } from 'node:stream/web';
import type { Media, MediaKind } from '@cinematica/protocol/v1';
import { insist } from './insist.ts';
import type { Called } from './insist.ts';
import { RefusedError, UnreachableError } from './system-error.ts';

/** A file that is whole, but does not have its name yet. */
export interface FetchedFile extends AsyncDisposable {
  readonly media: Media;
  /** Gives it its name, replacing what had it. */
  keep(): Promise<void>;
}

/**
 * Fetches a file of a video, piece by piece where the connection breaks.
 *
 * @param path what it will be called
 * @param findMedia asks the system for it, with a link that works
 */
export async function fetchFile(
  path: string,
  findMedia: () => Promise<Media>,
  system: Called,
  signal: AbortSignal,
): Promise<FetchedFile> {
  const part = join(dirname(path), `.${randomUUID()}.part`);
  const remove = () => rm(part, { force: true });
  try {
    const media = await download(part, findMedia, system, signal);
    return { media, keep: () => rename(part, path), [Symbol.asyncDispose]: remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function download(part: string, findMedia: () => Promise<Media>, system: Called, signal: AbortSignal) {
  await using file = await open(part, 'wx');
  let media = await findMedia();
  let written = 0;
  let etag: string | null = null;

  await insist(
    async (heard, within) => {
      const headers = etag !== null && written > 0 ? { range: `bytes=${written}-`, 'if-range': etag } : undefined;
      const response = await reach(
        fetch(new URL(media.url, system.url), { ...(headers ? { headers } : {}), signal: within }),
      );
      if (response.status === 404) media = await findMedia();
      if (!response.ok) {
        await response.body?.cancel();
        throw new UnreachableError(`${media.url.split('?', 1)[0]}: status ${response.status}`);
      }
      if (response.status !== 206) written = 0;
      etag = response.headers.get('etag');
      for await (const chunk of bytesOf(response)) {
        await file.write(chunk, 0, chunk.length, written);
        written += chunk.length;
        heard();
      }
      if (written < media.sizeBytes) throw new UnreachableError('the connection broke off');
    },
    system,
    signal,
  );
  if (BigInt(written) !== media.sizeBytes) {
    throw new RefusedError(`the video has ${written} bytes instead of ${media.sizeBytes}`);
  }
  return media;
}

async function* bytesOf({ body }: Response): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = body?.getReader();
  if (!reader) return;
  try {
    for (;;) {
      const piece = await reach(reader.read() as Promise<ReadableStreamReadResult<Uint8Array>>);
      if (piece.done) return;
      yield piece.value;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/** What the network does not do. @throws UnreachableError */
async function reach<T>(promise: Promise<T>): Promise<T> {
  try {
    return await promise;
  } catch (cause) {
    throw new UnreachableError('the connection broke off', { cause });
  }
}

/** @throws RefusedError where the video has no such file */
export function mediaOf(kind: MediaKind, media: readonly Media[], path: string): Media {
  const found = media.find((each) => each.kind === kind);
  if (!found) throw new RefusedError(`${path}: the system made no such file`);
  return found;
}
