import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createReceiveBudget } from './receive-budget.ts';

const { signal } = new AbortController();
const ignore = (): void => undefined;

test('the first body of a client may exceed the limit of the client, and its other bodies wait', async () => {
  const budget = createReceiveBudget({ totalBytes: 100, clientBytes: 10, waitMs: 10_000 });
  const first = budget.open('ann', signal, ignore);
  const second = budget.open('ann', signal, ignore);
  expect(await first.take(8)).toBe(true);
  const waiting = second.take(5);
  expect(await first.take(20)).toBe(true);
  expect(await budget.open('bob', signal, ignore).take(5)).toBe(true);
  expect(budget.usedBytes).toBe(33);
  first.release();
  expect(await waiting).toBe(true);
  expect(budget.usedBytes).toBe(10);
});

test('a body that waits too long, or whose call ends, is refused', async () => {
  const budget = createReceiveBudget({ totalBytes: 10, clientBytes: 10, waitMs: 20 });
  const whole = budget.open('ann', signal, ignore);
  await whole.take(10);
  whole.complete();
  expect(await budget.open('bob', signal, ignore).take(8)).toBe(false);
  const ended = new AbortController();
  const taking = budget.open('eve', ended.signal, ignore).take(8);
  ended.abort(new Error('gone'));
  await expect(taking).rejects.toThrow('gone');
  expect(budget.usedBytes).toBe(10);
});

test('when half-received bodies use all memory, a small body gets the room of the largest client at once', async () => {
  const budget = createReceiveBudget({ totalBytes: 100, clientBytes: 60, waitMs: 10_000 });
  const evicted: string[] = [];
  const open = (client: string, name: string) => budget.open(client, signal, () => evicted.push(name));
  const [old, small, waiting, newest] = [
    open('eve', 'old'),
    open('bob', 'small'),
    open('eve', 'waiting'),
    open('eve', 'newest'),
  ];
  for (const [body, bytes] of [
    [old, 30],
    [small, 40],
    [newest, 30],
  ] as const)
    expect(await body.take(bytes)).toBe(true);
  const blocked = waiting.take(1);
  expect(await open('ann', 'photo').take(20)).toBe(true);
  expect(evicted).toEqual(['newest']);
  expect(await newest.take(1)).toBe(false);
  expect(await blocked).toBe(true);
  expect(budget.usedBytes).toBe(91);
});

test('a whole body loses its memory only to a client that uses much less', async () => {
  const budget = createReceiveBudget({ totalBytes: 100, clientBytes: 100, waitMs: 1_500 });
  const evicted: string[] = [];
  for (const name of ['old', 'new']) {
    const body = budget.open('eve', signal, () => evicted.push(name));
    await body.take(50);
    body.complete();
  }
  expect(await budget.open('bob', signal, ignore).take(60)).toBe(false);
  expect(await budget.open('ann', signal, ignore).take(10)).toBe(true);
  expect(evicted).toEqual(['new']);
});

test('of bodies of the same size, those that began first are received, and the others refused', async () => {
  const budget = createReceiveBudget({ totalBytes: 100, clientBytes: 100, waitMs: 10_000 });
  const evicted: number[] = [];
  const bodies = [0, 1, 2, 3].map((i) => budget.open(`client ${i}`, signal, () => evicted.push(i)));
  for (const body of bodies) expect(await body.take(25)).toBe(true);
  expect(await Promise.all(bodies.map((body) => body.take(25)))).toEqual([true, true, false, false]);
  expect(evicted.sort()).toEqual([2, 3]);
});

test('random reservations never exceed the limits, and all memory is released', async () => {
  const step = fc.record({ body: fc.nat(7), bytes: fc.integer({ min: 1, max: 30 }), release: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const budget = createReceiveBudget({ totalBytes: 60, clientBytes: 20, waitMs: 1 });
      const open = () => Array.from({ length: 8 }, (_, i) => budget.open(`client ${i % 3}`, signal, ignore));
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
