import { expect, test } from 'vitest';
import { abortable } from './abortable.ts';

test('settles like the promise, or rejects with the signal’s reason as soon as it is aborted', async () => {
  const { signal } = new AbortController();
  expect(await abortable(Promise.resolve(1), signal)).toBe(1);
  await expect(abortable(Promise.reject(new Error('failed')), signal)).rejects.toThrow('failed');
  const ended = new AbortController();
  const waiting = abortable(new Promise(() => undefined), ended.signal);
  ended.abort(new Error('stopped'));
  await expect(waiting).rejects.toThrow('stopped');
  // A promise that rejects after the abort causes no unhandled rejection.
  await expect(abortable(Promise.reject(new Error('late')), ended.signal)).rejects.toThrow('stopped');
});
