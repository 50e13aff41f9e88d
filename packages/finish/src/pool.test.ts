import type { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createFlow, createPlane } from './image/plane.ts';
import type { Pool } from './pool.ts';

// Other tests of this process may have left threads for the next pool: these tests begin without any.
vi.resetModules();
const { createPool } = await import('./pool.ts');

const started: Worker[] = [];
const count = (worker: Worker) => started.push(worker);
beforeAll(() => void process.on('worker', count));
afterAll(() => void process.off('worker', count));

const frame = { width: 64, height: 64, data: new Uint8Array(3 * 64 * 64) };
const task = (pool: Pool) => pool.run('neighbourMotion', frame, frame);

test('a pool takes over the threads of the one before it', async () => {
  for (let i = 0; i < 3; i++) {
    await using pool = createPool(2);
    expect((await task(pool)).lostAfter).toEqual(createPlane(32, 32));
  }
  expect(started).toHaveLength(2);
});

test('a thread that is still at work when its pool is closed is ended, and its task fails', async () => {
  const before = started.length;
  const pool = createPool(2);
  const running = task(pool);
  await Promise.all([pool[Symbol.asyncDispose](), expect(running).rejects.toThrow('the finisher was closed')]);
  await using next = createPool(2);
  expect((await task(next)).forward).toEqual(createFlow(32, 32));
  expect(started).toHaveLength(before + 1);
});
