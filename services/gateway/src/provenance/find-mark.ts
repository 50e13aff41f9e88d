import type { FoundMark, GrayPicture } from '@cinematica/provenance';
import type { MarkSearch } from './mark-worker.ts';
import { MEDIA_LIMITS } from './media-limits.ts';
import { runInThread } from './run-in-thread.ts';

/**
 * Looks for the mark of a file.
 * @param groups what the file shows, in groups of pictures of one size.
 * @returns the mark of the first group in which it can be read, or else the clearest one. When an error ends the search, what was
 *   found before is still true.
 * @throws the error of `groups` when nothing was found before it; MediaError; the signal's reason.
 */
export async function findBestMark(
  groups: AsyncIterable<readonly GrayPicture[]>,
  keys: readonly Uint8Array[],
  signal: AbortSignal,
): Promise<FoundMark | null> {
  let best: FoundMark | null = null;
  try {
    for await (const pictures of groups) {
      const found = await findMark(pictures, keys, signal);
      if (found?.payload) return found;
      if (found && found.score > (best?.score ?? 0)) best = found;
    }
  } catch (error) {
    if (best === null) throw error;
  }
  return best;
}

/** Looks for a mark in pictures, in a thread. */
function findMark(
  pictures: readonly GrayPicture[],
  keys: readonly Uint8Array[],
  signal: AbortSignal,
): Promise<FoundMark | null> {
  const search: MarkSearch = { pictures, keys };
  const worker = new URL('./mark-worker.ts', import.meta.url);
  return runInThread(worker, search, { timeoutMs: MEDIA_LIMITS.findTimeoutMs, signal });
}
