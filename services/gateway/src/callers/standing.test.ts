import { expect, test } from 'vitest';
import { createStanding } from './standing.ts';

test('a client is in poor standing after three refusals, or a slow one, and recovers', () => {
  let now = 0;
  const standing = createStanding(() => now);
  standing.refused('eve', 50);
  standing.refused('eve', 50);
  expect(standing.isPoor('eve')).toBe(false);
  standing.refused('eve', 50);
  expect([standing.isPoor('eve'), standing.isPoor('ann')]).toEqual([true, false]);
  now = 11_000;
  expect(standing.isPoor('eve')).toBe(false);
  standing.refused('bob', 10_000);
  expect(standing.isPoor('bob')).toBe(true);
  for (let i = 0; i < 100; i++) standing.refused('bob', 10_000);
  now += 110_000;
  expect(standing.isPoor('bob')).toBe(false);
});
