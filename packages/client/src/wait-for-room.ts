import { delay } from './delay.ts';
import { CinematicaError } from './errors.ts';
import type { Reason } from './errors.ts';

/** Limits that end when other videos have ended or some time has passed. */
const TEMPORARY: ReadonlySet<Reason | ''> = new Set(['TOO_MANY_VIDEOS', 'TOO_MANY_REQUESTS', 'SYSTEM_BUSY']);

/** A longer wait, such as for the next day, is an error. Milliseconds. */
const MAX_WAIT_MS = 15 * 60_000;

/** Several requests that wait for room do not try again at the same moment. */
const JITTER = 0.25;

/**
 * Repeats a request that the system refuses because of a limit, after the time that the system tells.
 *
 * @param onWait called before each wait
 * @throws the error of the request when it has another reason, or the wait would be longer than 15 minutes; the signal's
 *   reason
 */
export async function waitForRoom<T>(
  request: () => Promise<T>,
  onWait: (refusal: CinematicaError) => void,
  signal: AbortSignal | undefined,
): Promise<T> {
  for (;;) {
    try {
      return await request();
    } catch (thrown) {
      const error = CinematicaError.from(thrown);
      if (!(error instanceof CinematicaError) || !TEMPORARY.has(error.reason)) throw error;
      if (error.retryDelayMs === null || error.retryDelayMs > MAX_WAIT_MS) throw error;
      onWait(error);
      await delay(error.retryDelayMs * (1 + JITTER * Math.random()), signal);
    }
  }
}
