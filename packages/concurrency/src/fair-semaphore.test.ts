import { expect, test } from 'vitest';
import { createFairSemaphore } from './fair-semaphore.ts';
import type { FairSemaphoreOptions } from './fair-semaphore.ts';

/** Requests by name, whose client is the first letter, and those that have entered in their order. */
function createQueue(options: Omit<FairSemaphoreOptions, 'refuse'>) {
  const refusal = new Error('refused');
  const semaphore = createFairSemaphore({ ...options, refuse: () => refusal });
  const entered: string[] = [];
  const refused: string[] = [];
  const releases = new Map<string, () => void>();
  return {
    semaphore,
    entered,
    refused,
    ask(names: string): void {
      for (const name of names.split(' ')) {
        semaphore.acquire(name[0]!).then(
          (release) => {
            entered.push(name);
            releases.set(name, release);
          },
          (error: unknown) => {
            if (error !== refusal) throw error;
            refused.push(name);
          },
        );
      }
    },
    async release(name?: string): Promise<void> {
      await Promise.resolve();
      const key = name ?? entered.at(-1)!;
      releases.get(key)!();
      // A second release takes the permit from nobody.
      releases.get(key)!();
      await new Promise(setImmediate);
    },
  };
}

test('clients take turns', async () => {
  const queue = createQueue({ permits: 1 });
  queue.ask('a1 a2 a3 a4 b1 b2 c1');
  await new Promise(setImmediate);
  for (let i = 0; i < 6; i++) await queue.release();
  expect(queue.entered).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3', 'a4']);
  expect(queue.semaphore.waiting).toBe(0);
});

test('a client that is served last waits for all others', async () => {
  const queue = createQueue({ permits: 2, isLast: (client) => client === 'x' });
  queue.ask('x1 x2 a1 a2 b1');
  await new Promise(setImmediate);
  for (let i = 0; i < 3; i++) await queue.release(queue.entered[i]);
  expect(queue.entered).toEqual(['x1', 'x2', 'a1', 'b1', 'a2']);
});

test('a client does not hold more permits than one client may', async () => {
  const queue = createQueue({ permits: 3, perClient: 2 });
  queue.ask('a1 a2 a3 b1');
  await new Promise(setImmediate);
  expect(queue.entered).toEqual(['a1', 'a2', 'b1']);
});

test('when the queue is full, the client with the most requests loses its newest one', async () => {
  const queue = createQueue({ permits: 1, maxWaiting: 3, isLast: (client) => client === 'x' });
  queue.ask('a0 a1 a2 a3 b1 a4 x1 c1');
  await new Promise(setImmediate);
  expect(queue.refused.sort()).toEqual(['a2', 'a3', 'a4', 'x1']);
  for (let i = 0; i < 3; i++) await queue.release();
  expect(queue.entered).toEqual(['a0', 'b1', 'c1', 'a1']);
});

test('when the queue is full of clients with one request each, the newest client is refused', async () => {
  const queue = createQueue({ permits: 1, maxWaiting: 2 });
  queue.ask('x a b c d');
  await new Promise(setImmediate);
  expect(queue.refused).toEqual(['c', 'd']);
  for (let i = 0; i < 2; i++) await queue.release();
  expect(queue.entered).toEqual(['x', 'a', 'b']);
});

test('a request that waits too long is refused', async () => {
  const queue = createQueue({ permits: 1, maxWaitMs: 10 });
  queue.ask('a1 a2');
  await expect.poll(() => queue.refused).toEqual(['a2']);
  expect([queue.semaphore.waiting, queue.entered]).toEqual([0, ['a1']]);
});

test('a request that is aborted leaves the queue', async () => {
  const queue = createQueue({ permits: 1 });
  queue.ask('a1');
  const leaving = new AbortController();
  const left = queue.semaphore.acquire('b', leaving.signal).catch((error: unknown) => error);
  queue.ask('c1');
  leaving.abort(new Error('deadline'));
  expect(await left).toEqual(new Error('deadline'));
  expect(queue.semaphore.waiting).toBe(1);
  await queue.release('a1');
  expect(queue.entered).toEqual(['a1', 'c1']);
});
