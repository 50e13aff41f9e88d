import type { FoundMark, GrayPicture } from '@cinematica/provenance';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { MediaError } from './media-error.ts';
import { MEDIA_LIMITS } from './media-limits.ts';
import type { MarkSearch } from './mark-worker.ts';

/**
 * Looks for a mark in pictures, in a thread.
 * @throws MediaError when it takes too long; the signal's reason; Error when the thread fails.
 */
export async function findMark(
  pictures: readonly GrayPicture[],
  keys: readonly Uint8Array[],
  signal: AbortSignal,
): Promise<FoundMark | null> {
  const search: MarkSearch = { pictures, keys };
  const worker = new Worker(new URL('./mark-worker.ts', import.meta.url), { workerData: search });
  const deadline = AbortSignal.timeout(MEDIA_LIMITS.findTimeoutMs);
  try {
    const [found] = (await once(worker, 'message', { signal: AbortSignal.any([signal, deadline]) })) as [
      FoundMark | null,
    ];
    return found;
  } catch (cause) {
    signal.throwIfAborted();
    if (!deadline.aborted) throw cause;
    throw new MediaError('The file could not be checked in time. Send a shorter or smaller one.', { cause });
  } finally {
    await worker.terminate();
  }
}
