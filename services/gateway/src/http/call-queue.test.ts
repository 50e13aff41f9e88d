import { expect, test } from 'vitest';
import { createCallQueue } from './call-queue.ts';

const nextTurn = () => new Promise(setImmediate);

/** A queue whose calls are named after their client, the first letter, and the names of those that have been started. */
function createQueue(perTurn: number) {
  const startInTurn = createCallQueue(perTurn);
  const started: string[] = [];
  const cancelled = new Set<string>();
  return {
    started,
    cancelled,
    add(names: string): void {
      for (const name of names.split(' '))
        startInTurn(name[0], { isCancelled: () => cancelled.has(name), start: () => started.push(name) });
    },
  };
}

test('a few calls are started in each turn, those of each client in turn', async () => {
  const queue = createQueue(2);
  queue.add('a1 a2 a3 a4 b1 c1');
  expect(queue.started).toEqual([]);
  await nextTurn();
  expect(queue.started).toEqual(['a1', 'b1']);
  queue.add('d1');
  await nextTurn();
  expect(queue.started).toEqual(['a1', 'b1', 'c1', 'a2']);
  await nextTurn();
  await nextTurn();
  expect(queue.started.slice(4)).toEqual(['d1', 'a3', 'a4']);
});

test('a call that is cancelled before its turn is not started, and takes nobody’s place', async () => {
  const queue = createQueue(2);
  queue.add('a1 a2 a3 a4 a5');
  for (const name of ['a2', 'a3', 'a5']) queue.cancelled.add(name);
  await nextTurn();
  expect(queue.started).toEqual(['a1', 'a4']);
  await nextTurn();
  queue.add('a6');
  await nextTurn();
  expect(queue.started).toEqual(['a1', 'a4', 'a6']);
});
