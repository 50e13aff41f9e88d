/** A page that was out of sight for this long may have a connection that only looks alive. Milliseconds. */
const ASLEEP_MS = 10_000;

/** When to do something again: after a while, or at once when there is a reason to. */
export interface Pulse {
  /** Fires when what is under way should be begun anew: the network is back, or the page was out of sight for long. */
  beat(): AbortSignal;
  /** Resolves after so many milliseconds (without them, never by itself), at a reason to, or when the pulse ends. */
  next(ms?: number): Promise<void>;
  /** Gives a reason. */
  now(): void;
}

/** @param signal ends it, and whatever is under way. */
export function createPulse(signal: AbortSignal): Pulse {
  let current = new AbortController();
  let hiddenSince: number | undefined;

  const now = (): void => {
    current.abort();
    current = new AbortController();
  };
  const visibility = (): void => {
    if (document.hidden) {
      hiddenSince = Date.now();
      return;
    }
    if (hiddenSince !== undefined && Date.now() - hiddenSince > ASLEEP_MS) now();
    hiddenSince = undefined;
  };
  if (typeof document !== 'undefined') {
    document.addEventListener('visibilitychange', visibility, { signal });
    addEventListener('online', now, { signal });
    // Cut at once: without a network nothing else would, for minutes.
    addEventListener('offline', now, { signal });
    // The page comes back from where browsers keep it while the user is elsewhere.
    addEventListener('pageshow', (event) => event.persisted && now(), { signal });
  }

  return {
    beat: () => AbortSignal.any([signal, current.signal]),
    now,
    next: (ms) =>
      new Promise((resolve) => {
        const until = AbortSignal.any([signal, current.signal]);
        if (until.aborted) {
          resolve();
          return;
        }
        // Longer than timers can count is for ever, as far as a page is concerned.
        const timer = ms === undefined || ms > 0x7fffffff ? undefined : setTimeout(done, ms);
        function done(): void {
          clearTimeout(timer);
          until.removeEventListener('abort', done);
          resolve();
        }
        until.addEventListener('abort', done);
      }),
  };
}
