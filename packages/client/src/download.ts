import type { Media } from '@cinematica/protocol/v1';
import { CinematicaError, UnreachableError } from './errors.ts';
import { createReconnector } from './reconnect.ts';
import type { Endpoint } from './reconnect.ts';
import { Code } from '@connectrpc/connect';

/**
 * Downloads a file of a video. After a broken connection the download continues where it stopped.
 *
 * @param findMedia asks the system for the file's entry with a new link
 * @returns the bytes, in pieces
 * @throws CinematicaError when the file has another length than the system says; UnreachableError; the signal's reason
 */
export async function* downloadMedia(
  findMedia: () => Promise<Media>,
  endpoint: Endpoint,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, Media, undefined> {
  const begin = createReconnector(endpoint, signal);
  let media = await findMedia();
  let received = 0;
  let etag: string | null = null;
  for (;;) {
    const attempt = begin();
    try {
      const headers: Record<string, string> | undefined =
        etag !== null && received > 0 ? { range: `bytes=${received}-`, 'if-range': etag } : undefined;
      // The link is signed, so that the key does not have to be sent.
      const response: Response = await orUnreachable(
        fetch(new URL(media.url, endpoint.url), { ...(headers ? { headers } : {}), signal: attempt.signal }),
      );
      if (response.status === 404) media = await findMedia();
      if (!response.ok) {
        await response.body?.cancel();
        throw new UnreachableError(`${media.url.split('?', 1)[0] ?? ''}: status ${response.status}`);
      }
      etag = response.headers.get('etag');
      // Without a range, the file starts again: the bytes that are known are skipped, because files never change.
      let skipped = response.status === 206 ? 0 : received;
      for await (const piece of bytesOf(response)) {
        attempt.reportContact();
        const fresh = piece.subarray(skipped);
        skipped -= piece.length - fresh.length;
        received += fresh.length;
        if (fresh.length > 0) yield fresh;
      }
      if (received < media.sizeBytes) throw new UnreachableError('the connection was closed');
      if (BigInt(received) === media.sizeBytes) return media;
    } catch (error) {
      await attempt.waitAfter(error);
      continue;
    } finally {
      attempt.end();
    }
    throw new CinematicaError(`the file has ${received} bytes instead of ${media.sizeBytes}`, Code.DataLoss);
  }
}

async function* bytesOf({ body }: Response): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = body?.getReader();
  if (!reader) return;
  try {
    for (;;) {
      const piece = await orUnreachable(reader.read());
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
