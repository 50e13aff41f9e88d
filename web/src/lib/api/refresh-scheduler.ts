/** After the page was hidden for this long, its connections may be dead although they look open. Milliseconds. */
const STALE_AFTER_MS = 10_000;
/** The longest delay that `setTimeout` supports. Milliseconds. */
const MAX_TIMEOUT_MS = 0x7fffffff;

/** Schedules repeated calls: after a delay, or immediately when the network or the user comes back. */
export interface RefreshScheduler {
  /**
   * A signal for the next attempt. It aborts when the attempt should start over: the network came back, the page was
   * hidden for long, `refreshNow` was called, or the scheduler was stopped.
   */
  attemptSignal(): AbortSignal;
  /** Resolves after `ms` milliseconds, or earlier for the same reasons; without `ms` only for these reasons. */
  wait(ms?: number): Promise<void>;
  /** Aborts the current attempt and ends the current wait. */
  refreshNow(): void;
}

/** @param signal stops the scheduler, and aborts the current attempt. */
export function createRefreshScheduler(signal: AbortSignal): RefreshScheduler {
  let current = new AbortController();
  let hiddenSince: number | undefined;

  const refreshNow = (): void => {
    current.abort();
    current = new AbortController();
  };
  const handleVisibility = (): void => {
    if (document.hidden) {
      hiddenSince = Date.now();
      return;
    }
    if (hiddenSince !== undefined && Date.now() - hiddenSince > STALE_AFTER_MS) refreshNow();
    hiddenSince = undefined;
  };
  if (typeof document !== 'undefined') {
    document.addEventListener('visibilitychange', handleVisibility, { signal });
    addEventListener('online', refreshNow, { signal });
    // Without a network an open request would only fail after minutes.
    addEventListener('offline', refreshNow, { signal });
    // The page was restored from the back/forward cache.
    addEventListener('pageshow', (event) => event.persisted && refreshNow(), { signal });
  }

  const attemptSignal = (): AbortSignal => AbortSignal.any([signal, current.signal]);
  return {
    attemptSignal,
    refreshNow,
    wait: (ms) =>
      new Promise((resolve) => {
        const interrupted = attemptSignal();
        if (interrupted.aborted) {
          resolve();
          return;
        }
        const timer = ms === undefined || ms > MAX_TIMEOUT_MS ? undefined : setTimeout(done, ms);
        function done(): void {
          clearTimeout(timer);
          interrupted.removeEventListener('abort', done);
          resolve();
        }
        interrupted.addEventListener('abort', done);
      }),
  };
}
