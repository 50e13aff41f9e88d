import { delay } from './delay.ts';
import { isCancelled, isUnreachable, UnreachableError } from './errors.ts';

/** An attempt is aborted and repeated when it reports nothing for this long. Milliseconds. */
const SILENCE_TIMEOUT_MS = 60_000;
const FIRST_DELAY_MS = 200;
const MAX_DELAY_MS = 5_000;

/** The system that is called. */
export interface Endpoint {
  /** Shown in error messages. */
  readonly url: string;
  /** Attempts end when the system has been unreachable for this long. Milliseconds. */
  readonly giveUpMs: number;
  /** Whether the system may answer again after it did not. */
  readonly isAlive: () => Promise<boolean>;
}

/** One attempt to get something from the system. */
export interface Attempt {
  /** Aborts with the caller's signal, and when the system was silent for too long. */
  readonly signal: AbortSignal;
  /** The system has answered: the time limits start again. */
  reportContact(): void;
  /**
   * Waits before the next attempt, longer each time, from 0.2 s to 5 s.
   * @throws the error of the attempt when another attempt would not help; UnreachableError after the time limit or when the
   *   system has ended; the signal's reason
   */
  waitAfter(error: unknown): Promise<void>;
  /** Must be called at the end. */
  end(): void;
}

/**
 * Repeats an attempt while the system may be unreachable for a short time only, such as a gateway that restarts or a
 * network that is interrupted.
 *
 * @returns a function that begins the next attempt
 */
export function createReconnector(
  { url, isAlive, giveUpMs }: Endpoint,
  signal: AbortSignal | undefined,
): () => Attempt {
  let unreachableSince: number | null = null;
  let nextDelayMs = FIRST_DELAY_MS;

  return () => {
    signal?.throwIfAborted();
    const silent = new AbortController();
    const abort = (): void => silent.abort();
    let timer = setTimeout(abort, SILENCE_TIMEOUT_MS);
    return {
      signal: signal ? AbortSignal.any([signal, silent.signal]) : silent.signal,
      reportContact() {
        clearTimeout(timer);
        timer = setTimeout(abort, SILENCE_TIMEOUT_MS);
        unreachableSince = null;
        nextDelayMs = FIRST_DELAY_MS;
      },
      async waitAfter(error) {
        signal?.throwIfAborted();
        if (!isUnreachable(error) && !(silent.signal.aborted && isCancelled(error))) throw error;
        if (!(await isAlive())) {
          throw new UnreachableError(`the system at ${url} has ended: start it again, and it finishes the video`, {
            cause: error,
          });
        }
        unreachableSince ??= Date.now();
        if (Date.now() - unreachableSince > giveUpMs) {
          throw new UnreachableError(`the system at ${url} does not answer any more`, { cause: error });
        }
        const delayMs = nextDelayMs;
        nextDelayMs = Math.min(2 * nextDelayMs, MAX_DELAY_MS);
        await delay(delayMs, signal);
      },
      end: () => clearTimeout(timer),
    };
  };
}

/** Repeats a call until the system answers. @throws what {@link Attempt.waitAfter} throws */
export async function retryUntilReachable<T>(
  call: (attempt: Attempt) => Promise<T>,
  endpoint: Endpoint,
  signal: AbortSignal | undefined,
): Promise<T> {
  const begin = createReconnector(endpoint, signal);
  for (;;) {
    const attempt = begin();
    try {
      return await call(attempt);
    } catch (error) {
      await attempt.waitAfter(error);
    } finally {
      attempt.end();
    }
  }
}
