import { expect, test } from 'vitest';
import { createSingleFlight } from './single-flight.ts';

const { signal } = new AbortController();

test('calls with the same key share a run and its error; calls with another key have their own run', async () => {
  const flights = createSingleFlight<number>();
  let runs = 0;
  const run = () => Promise.resolve(++runs);
  expect(await Promise.all(['a', 'a', 'a', 'b'].map((key) => flights.do(key, signal, run)))).toEqual([1, 1, 1, 2]);
  expect(await flights.do('a', signal, run)).toBe(3);
  const fail = () => Promise.reject(new Error(`failure ${++runs}`));
  const failed = await Promise.allSettled(['a', 'a'].map((key) => flights.do(key, signal, fail)));
  expect(failed.map((result) => result.status === 'rejected' && String(result.reason))).toEqual([
    'Error: failure 4',
    'Error: failure 4',
  ]);
});

test('the next caller starts a run when the first caller disconnects', async () => {
  const flights = createSingleFlight<string>();
  const first = new AbortController();
  const untilGone = () =>
    new Promise<string>((_, reject) => {
      first.signal.addEventListener('abort', () => reject(first.signal.reason as Error));
    });
  const gone = flights.do('a', first.signal, untilGone);
  const second = flights.do('a', signal, () => Promise.resolve('made'));
  const third = flights.do('a', signal, () => Promise.resolve('made again'));
  first.abort(new Error('gone'));
  await expect(gone).rejects.toThrow('gone');
  expect(await Promise.all([second, third])).toEqual(['made', 'made']);
});

test('a waiting caller that disconnects does not end the run', async () => {
  const flights = createSingleFlight<string>();
  const { promise, resolve } = Promise.withResolvers<string>();
  const running = flights.do('a', signal, () => promise);
  const impatient = new AbortController();
  const waiting = flights.do('a', impatient.signal, () => promise);
  impatient.abort(new Error('gone'));
  await expect(waiting).rejects.toThrow('gone');
  resolve('made');
  expect(await running).toBe('made');
});
