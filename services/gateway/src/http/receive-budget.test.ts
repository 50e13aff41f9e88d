import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createReceiveBudget } from './receive-budget.ts';

const { signal } = new AbortController();

test('the first body of a client may exceed the limit of the client, and its other bodies wait', async () => {
  const budget = createReceiveBudget({ totalBytes: 100, clientBytes: 10, waitMs: 10_000 });
  const first = budget.open('ann', signal);
  const second = budget.open('ann', signal);
  expect(await first.take(8)).toBe(true);
  const waiting = second.take(5);
  expect(await first.take(20)).toBe(true);
  expect(await budget.open('bob', signal).take(5)).toBe(true);
  expect(budget.usedBytes).toBe(33);
  first.release();
  expect(await waiting).toBe(true);
  expect(budget.usedBytes).toBe(10);
});

test('a body that waits too long, or whose call ends, is refused', async () => {
  const budget = createReceiveBudget({ totalBytes: 10, clientBytes: 10, waitMs: 20 });
  await budget.open('ann', signal).take(10);
  expect(await budget.open('bob', signal).take(1)).toBe(false);
  const ended = new AbortController();
  const taking = budget.open('eve', ended.signal).take(1);
  ended.abort(new Error('gone'));
  await expect(taking).rejects.toThrow('gone');
  expect(budget.usedBytes).toBe(10);
});

test('random reservations never exceed the limits, and all memory is released', async () => {
  const step = fc.record({ body: fc.nat(7), bytes: fc.integer({ min: 1, max: 30 }), release: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const budget = createReceiveBudget({ totalBytes: 60, clientBytes: 20, waitMs: 1 });
      const open = () => Array.from({ length: 8 }, (_, i) => budget.open(`client ${i % 3}`, signal));
      const reservations = open();
      const taking: Promise<boolean>[] = [];
      for (const { body, bytes, release } of steps) {
        if (release) reservations[body]!.release();
        else taking.push(reservations[body]!.take(bytes));
        expect(budget.usedBytes).toBeLessThanOrEqual(60);
      }
      await Promise.all(taking);
      for (const reservation of reservations) reservation.release();
      expect(budget.usedBytes).toBe(0);
      expect(await open()[0]!.take(60)).toBe(true);
    }),
    { numRuns: 50 },
  );
});
