import { setTimeout as delay } from 'node:timers/promises';
import { isAway, isBrokenOff, UnreachableError } from './system-error.ts';

/** A connection that says nothing for this long may be none: it is made anew. Milliseconds. */
const SILENCE_MS = 60_000;
/** How long a system may be out of reach. Milliseconds. */
const PATIENCE_MS = 60_000;
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5_000;

/** A system that is called again and again. */
export interface Called {
  /** As people are told of it. */
  readonly url: string;
  /** Whether there is hope of it, should it not answer. */
  readonly alive: () => Promise<boolean>;
}

/**
 * Tries something again for as long as the system may only be away for a moment: a gateway that is started again, a
 * network that is gone.
 *
 * @param attempt is to say whenever the system is heard of, for the patience to begin anew; its signal is aborted when
 *   nothing was heard for long
 * @throws UnreachableError when it has run out; what `attempt` throws otherwise; the signal's reason
 */
export async function insist<T>(
  attempt: (heard: () => void, signal: AbortSignal) => Promise<T>,
  { url, alive }: Called,
  signal: AbortSignal,
): Promise<T> {
  let since: number | null = null;
  let pause = FIRST_PAUSE_MS;
  for (;;) {
    const silent = new AbortController();
    const timer = setTimeout(() => silent.abort(), SILENCE_MS);
    const heard = (): void => {
      timer.refresh();
      since = null;
      pause = FIRST_PAUSE_MS;
    };
    try {
      return await attempt(heard, AbortSignal.any([signal, silent.signal]));
    } catch (cause) {
      signal.throwIfAborted();
      if (!isAway(cause) && !(silent.signal.aborted && isBrokenOff(cause))) throw cause;
      if (!(await alive()))
        throw new UnreachableError(
          `the system at ${url} has ended: start it again, and it goes on with the video by itself`,
          { cause },
        );
      since ??= Date.now();
      if (Date.now() - since > PATIENCE_MS) {
        throw new UnreachableError(`the system at ${url} does not answer any more`, { cause });
      }
      await delay(pause, undefined, { signal });
      pause = Math.min(2 * pause, LONGEST_PAUSE_MS);
    } finally {
      clearTimeout(timer);
    }
  }
}
