import { setTimeout as delay } from 'node:timers/promises';
import { ConnectError } from '@connectrpc/connect';
import { durationMs } from '@bufbuild/protobuf/wkt';
import { RetryInfoSchema } from '@cinematica/protocol/error-details';
import { reasonOf } from './system-error.ts';

/** Limits that end when other videos have ended or some time has passed. */
const TEMPORARY: ReadonlySet<string> = new Set(['TOO_MANY_VIDEOS', 'TOO_MANY_REQUESTS', 'SYSTEM_BUSY']);

/** A longer wait, such as for the next day, is an error. Milliseconds. */
const MAX_WAIT_MS = 15 * 60_000;

/** Several videos that wait for room do not try again at the same moment. */
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
  onWait: () => void,
  signal: AbortSignal,
  random: () => number = Math.random,
): Promise<T> {
  for (;;) {
    try {
      return await request();
    } catch (error) {
      const waitMs = TEMPORARY.has(reasonOf(error)) ? retryDelayMs(error) : null;
      if (waitMs === null || waitMs > MAX_WAIT_MS) throw error;
      onWait();
      await delay(waitMs * (1 + JITTER * random()), undefined, { signal });
    }
  }
}

/** The time in `google.rpc.RetryInfo`. Milliseconds; null when there is none. */
function retryDelayMs(error: unknown): number | null {
  const [info] = error instanceof ConnectError ? error.findDetails(RetryInfoSchema) : [];
  return info?.retryDelay ? durationMs(info.retryDelay) : null;
}
