import { expect, test } from 'vitest';
import { retry } from './retry.ts';

const failing = (failures: number) => (attempt: number) =>
  attempt > failures ? Promise.resolve(attempt) : Promise.reject(new Error(`failure ${attempt}`));
const always = { isRetryable: () => true, delayMs: () => 0 };

test('repeats an attempt until it succeeds', async () => {
  expect(await retry(failing(3), always)).toBe(4);
});

test('throws the last error when attempts or time run out, or when the error is not retryable', async () => {
  await expect(retry(failing(9), { ...always, maxAttempts: 3 })).rejects.toThrow('failure 3');
  await expect(retry(failing(9), { ...always, deadline: Date.now() - 1 })).rejects.toThrow('failure 1');
  const isRetryable = (error: unknown) => !String(error).includes('2');
  await expect(retry(failing(9), { ...always, isRetryable })).rejects.toThrow('failure 2');
});

test('an aborted signal ends the pause between attempts', async () => {
  const ended = new AbortController();
  const trying = retry(failing(9), { ...always, delayMs: () => 60_000, signal: ended.signal });
  ended.abort(new Error('stopped'));
  await expect(trying).rejects.toThrow('stopped');
});
