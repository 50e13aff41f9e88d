import { setTimeout as delay } from 'node:timers/promises';

export interface RetryOptions {
  /** Whether another attempt may succeed after this error. */
  readonly isRetryable: (error: unknown) => boolean;
  /** The pause after an attempt, by its number from 1. Milliseconds. */
  readonly delayMs: (attempt: number) => number;
  /** Maximum number of attempts. @default no limit */
  readonly maxAttempts?: number;
  /** No attempt begins after this time, milliseconds since 1970. @default no limit */
  readonly deadline?: number;
  /** Ends the pauses and the attempts. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Repeats an attempt until it succeeds.
 *
 * @param attempt is given its number, from 1.
 * @throws the last error, once it is not retryable, or the attempts or the time have run out; the signal's reason
 */
export async function retry<T>(attempt: (number: number) => Promise<T>, options: RetryOptions): Promise<T> {
  const { isRetryable, delayMs, maxAttempts = Infinity, deadline = Infinity, signal } = options;
  for (let number = 1; ; number++) {
    signal?.throwIfAborted();
    try {
      return await attempt(number);
    } catch (error) {
      if (!isRetryable(error) || number >= maxAttempts || Date.now() > deadline) throw error;
    }
    await delay(delayMs(number), undefined, signal ? { signal } : {}).catch((error: unknown) => {
      signal?.throwIfAborted();
      throw error;
    });
  }
}
