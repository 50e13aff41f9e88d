import { expect, test } from 'vitest';
import { createCallQueue } from './call-queue.ts';

const nextTurn = () => new Promise(setImmediate);

test('calls are started a few in each turn, in their order, and not those that were cancelled before', async () => {
  const startInTurn = createCallQueue(2);
  const started: number[] = [];
  const calls = Array.from({ length: 8 }, () => ({ destroyed: false, aborted: false }));
  calls.forEach((call, index) => startInTurn(call, () => started.push(index)));
  expect(started).toEqual([]);
  await nextTurn();
  expect(started).toEqual([0, 1]);
  for (const index of [2, 3, 5]) calls[index]!.destroyed = true;
  await nextTurn();
  expect(started).toEqual([0, 1, 4, 6]);
  await nextTurn();
  expect(started).toEqual([0, 1, 4, 6, 7]);
  startInTurn({ destroyed: false, aborted: true }, () => started.push(8));
  startInTurn({ destroyed: false, aborted: false }, () => started.push(9));
  await nextTurn();
  expect(started.at(-1)).toBe(9);
  expect(started).toHaveLength(6);
});
