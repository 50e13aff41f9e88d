import type { Video } from '@cinematica/protocol/v1';
import { msUntilRenewal } from './media.ts';
import { createRefreshScheduler } from './refresh-scheduler.ts';
import { isUnfinished } from './video-state.ts';

/** After a failed call, the next one follows after this time. Milliseconds. */
const RETRY_MS = 4_000;

/** Videos that are fetched again and again. Its properties are reactive. */
export interface FreshVideos {
  /** The error of the last call; undefined if it succeeded. */
  error: unknown;
  /** Fetches them again now. */
  readonly refresh: () => void;
}

/**
 * Fetches videos again and again until their states are final, and then before their links expire. While the page is hidden it
 * waits.
 *
 * @param fetchVideos fetches the videos, and returns those that are shown now.
 * @param pollMs the interval while a video is unfinished, milliseconds.
 * @param signal stops the updates.
 */
export function keepFresh(
  fetchVideos: (attempt: AbortSignal) => Promise<readonly Video[]>,
  pollMs: number,
  signal: AbortSignal,
): FreshVideos {
  let error = $state.raw<unknown>();
  const scheduler = createRefreshScheduler(signal);

  /** @returns the delay before the next update in milliseconds; undefined if none is needed */
  async function update(): Promise<number | undefined> {
    const attempt = scheduler.attemptSignal();
    try {
      const videos = await fetchVideos(attempt);
      error = undefined;
      return videos.some(isUnfinished) ? pollMs : msUntilRenewal(videos);
    } catch (cause) {
      // The attempt starts over.
      if (attempt.aborted) return 0;
      error = cause;
      return RETRY_MS;
    }
  }

  async function run(): Promise<void> {
    while (!signal.aborted) {
      await scheduler.wait(await update());
      if (document.hidden) await untilVisible(signal);
    }
  }
  void run();

  return {
    get error() {
      return error;
    },
    set error(value) {
      error = value;
    },
    refresh: () => scheduler.refreshNow(),
  };
}

/** Resolves when the page is visible, or the signal is aborted. */
function untilVisible(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = new AbortController();
    const done = (): void => {
      if (document.hidden && !signal.aborted) return;
      end.abort();
      resolve();
    };
    document.addEventListener('visibilitychange', done, { signal: end.signal });
    signal.addEventListener('abort', done, { signal: end.signal });
    done();
  });
}
