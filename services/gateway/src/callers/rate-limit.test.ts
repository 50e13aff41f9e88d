import { expect, test } from 'vitest';
import { createRateLimit } from './rate-limit.ts';

/** A rate limit with a clock that the test sets. */
function createTestLimit(perSecond: number, burst: number) {
  const clock = { time: 0 };
  const limit = createRateLimit(perSecond, burst, () => clock.time);
  return { limit, clock };
}

/** The number of calls that are allowed before the first refusal. */
function countAllowed(take: () => number): number {
  let count = 0;
  while (take() === 0) count++;
  return count;
}

test('a new caller can make a burst of calls, and is then refused with the time until the next token', () => {
  const { limit, clock } = createTestLimit(10, 3);
  expect([1, 2, 3].map(() => limit.take('ann'))).toEqual([0, 0, 0]);
  expect(limit.take('ann')).toBe(100);
  clock.time = 60;
  expect(limit.take('ann')).toBe(40);
});

test('a refused caller is allowed after the returned waiting time', () => {
  const { limit, clock } = createTestLimit(3, 1);
  expect(limit.take('ann')).toBe(0);
  const wait = limit.take('ann');
  clock.time += wait - 1;
  expect(limit.take('ann')).toBe(1);
  clock.time += 1;
  expect(limit.take('ann')).toBe(0);
});

test('tokens are refilled at the given rate, up to the burst', () => {
  const { limit, clock } = createTestLimit(10, 20);
  const take = () => limit.take('ann');
  expect(countAllowed(take)).toBe(20);
  clock.time += 500;
  expect(countAllowed(take)).toBe(5);
  clock.time += 3_600_000;
  expect(countAllowed(take)).toBe(20);
});

test('the sustained rate does not exceed the limit, however often calls are refused', () => {
  const { limit, clock } = createTestLimit(10, 5);
  let allowed = 0;
  for (; clock.time < 10_000; clock.time += 7) if (limit.take('ann') === 0) allowed++;
  expect(allowed).toBeGreaterThanOrEqual(100);
  expect(allowed).toBeLessThanOrEqual(105);
});

test('a call that is charged more makes the next ones wait, also when there were not so many tokens', () => {
  const { limit, clock } = createTestLimit(10, 5);
  expect(limit.take('ann')).toBe(0);
  limit.charge('ann', 19);
  expect(limit.take('ann')).toBe(1_600);
  clock.time += 1_600;
  expect(limit.take('ann')).toBe(0);
});

test('callers have separate buckets', () => {
  const { limit } = createTestLimit(10, 1);
  expect(limit.take('ann')).toBe(0);
  expect(limit.take('bob')).toBe(0);
  expect(limit.take('ann')).toBeGreaterThan(0);
});

test('removing full buckets keeps the limits of callers with used tokens', () => {
  const { limit, clock } = createTestLimit(1, 10);
  for (let i = 0; i < 9_999; i++) limit.take(`idle ${i}`);
  clock.time = 5_000;
  expect(countAllowed(() => limit.take('busy'))).toBe(10);
  // The next call removes the idle callers, whose buckets are full, and not the busy one.
  clock.time = 6_000;
  expect(limit.take('new')).toBe(0);
  expect(countAllowed(() => limit.take('busy'))).toBe(1);
  expect(countAllowed(() => limit.take('idle 1'))).toBe(10);
});
