import { expect, test } from 'vitest';
import { abortable } from './abortable.ts';

test('the signal’s reason comes out at once, the promise’s outcome otherwise', async () => {
  const { signal } = new AbortController();
  expect(await abortable(Promise.resolve(1), signal)).toBe(1);
  await expect(abortable(Promise.reject(new Error('failed')), signal)).rejects.toThrow('failed');
  const ended = new AbortController();
  const waiting = abortable(new Promise(() => undefined), ended.signal);
  ended.abort(new Error('stopped'));
  await expect(waiting).rejects.toThrow('stopped');
  // The rejection of what is no longer waited for is not an unhandled one.
  await expect(abortable(Promise.reject(new Error('late')), ended.signal)).rejects.toThrow('stopped');
});
