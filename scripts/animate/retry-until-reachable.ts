import { retry } from '@cinematica/concurrency';
import { isCancelled, isUnreachable, UnreachableError } from './system-error.ts';

/** An attempt is aborted and repeated when it reports nothing for this long. Milliseconds. */
const SILENCE_TIMEOUT_MS = 60_000;
/** Attempts end when the system has been unreachable for this long. Milliseconds. */
const GIVE_UP_MS = 60_000;
const FIRST_DELAY_MS = 200;
const MAX_DELAY_MS = 5_000;

/** The address of a system that is called. */
export interface Endpoint {
  /** Shown in error messages. */
  readonly url: string;
  /** Whether the system may answer again after it did not. A local system is dead once its launcher has ended. */
  readonly isAlive: () => Promise<boolean>;
}

/** An attempt lost the system, which may answer again. */
class ContactLostError extends Error {
  override readonly name = 'ContactLostError';
}

/**
 * Repeats an attempt while the system may be unreachable for a short time only, such as a gateway that restarts or a
 * network that is interrupted. The delay between attempts grows from 0.2 s to 5 s.
 *
 * @param attempt calls `reportContact` whenever the system answers, which restarts the time limits; its signal aborts
 *   when the system was silent for too long
 * @throws UnreachableError after the time limit or when the system has ended; other errors of the attempt; the signal's
 *   reason
 */
export async function retryUntilReachable<T>(
  attempt: (reportContact: () => void, signal: AbortSignal) => Promise<T>,
  { url, isAlive }: Endpoint,
  signal: AbortSignal,
): Promise<T> {
  let unreachableSince: number | null = null;
  let nextDelay = FIRST_DELAY_MS;

  async function tryOnce(): Promise<T> {
    const silent = new AbortController();
    const timer = setTimeout(() => silent.abort(), SILENCE_TIMEOUT_MS);
    const reportContact = (): void => {
      timer.refresh();
      unreachableSince = null;
      nextDelay = FIRST_DELAY_MS;
    };
    try {
      return await attempt(reportContact, AbortSignal.any([signal, silent.signal]));
    } catch (cause) {
      signal.throwIfAborted();
      if (!isUnreachable(cause) && !(silent.signal.aborted && isCancelled(cause))) throw cause;
      if (!(await isAlive())) {
        throw new UnreachableError(`the system at ${url} has ended: start it again, and it finishes the video`, {
          cause,
        });
      }
      unreachableSince ??= Date.now();
      if (Date.now() - unreachableSince > GIVE_UP_MS) {
        throw new UnreachableError(`the system at ${url} does not answer any more`, { cause });
      }
      throw new ContactLostError('the system did not answer', { cause });
    } finally {
      clearTimeout(timer);
    }
  }

  function takeDelay(): number {
    const delayMs = nextDelay;
    nextDelay = Math.min(2 * nextDelay, MAX_DELAY_MS);
    return delayMs;
  }

  return retry(tryOnce, { isRetryable: (error) => error instanceof ContactLostError, delayMs: takeDelay, signal });
}
