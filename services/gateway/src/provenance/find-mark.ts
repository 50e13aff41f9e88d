import type { FoundMark, GrayPicture } from '@cinematica/provenance';
import type { MarkSearch } from './mark-worker.ts';
import { MEDIA_LIMITS } from './media-limits.ts';
import { runInThread } from './run-in-thread.ts';

/**
 * Looks for a mark in pictures, in a thread.
 * @throws as {@link runInThread}
 */
export function findMark(
  pictures: readonly GrayPicture[],
  keys: readonly Uint8Array[],
  signal: AbortSignal,
): Promise<FoundMark | null> {
  const search: MarkSearch = { pictures, keys };
  const worker = new URL('./mark-worker.ts', import.meta.url);
  return runInThread(worker, search, { timeoutMs: MEDIA_LIMITS.findTimeoutMs, signal });
}
