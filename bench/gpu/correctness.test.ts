import type { Comparison } from '@cinematica/svd/parity';
import { expect, test } from 'vitest';
import { requireEqual } from './correctness.ts';

const part = (name: string, maxAbsError: number): Comparison => {
  return { part: name, maxAbsError, std: 2, tolerance: 2e-4, passed: maxAbsError <= 2e-4 };
};

test('float16 may differ by its precision, float32 only by that of parity', () => {
  const comparisons = [part('clip', 1e-4), part('unet', 0.02)];
  requireEqual(comparisons, 'cuda', 'tiny-xt');
  expect(() => requireEqual(comparisons, 'webgpu', 'tiny-xt')).toThrow(
    'webgpu differs from tiny-xt (in standard deviations): unet by 0.010',
  );
});

test.each([[part('unet', 6)], [part('unet', Infinity)], [part('unet', NaN)]])(
  'wrong numbers, and numbers that are not finite, stop the bench: %j',
  (wrong) => {
    expect(() => requireEqual([part('clip', 0), wrong], 'cuda', 'tiny-xt')).toThrow(/tiny-xt .+: unet by/);
  },
);

test('a comparison of nothing is no proof', () => {
  expect(() => requireEqual([], 'cuda', 'tiny-xt')).toThrow('nothing was compared');
});
