import type { Comparison } from '@cinematica/svd/parity';
import { expect, test } from 'vitest';
import { judge, requirePassed } from './correctness.ts';

const part = (name: string, maxAbsError: number): Comparison => {
  return { part: name, maxAbsError, std: 2, tolerance: 2e-4, passed: maxAbsError <= 2e-4 };
};

test('float16 may differ by its precision, float32 only by that of parity', () => {
  const unet = part('unet', 0.02);
  requirePassed([part('clip', 1e-4), judge(unet, 'cuda')], 'tiny-xt on cuda');
  expect(() => requirePassed([judge(unet, 'webgpu')], 'tiny-xt on webgpu')).toThrow(
    'tiny-xt on webgpu: parts differ, in standard deviations: unet by 0.010',
  );
});

test.each([6, Infinity, NaN])('wrong numbers, and numbers that are not finite, stop the bench: %d', (error) => {
  const wrong = judge(part('unet', error), 'cuda');
  expect(() => requirePassed([part('clip', 0), wrong], 'tiny-xt on cuda')).toThrow(/deviations: unet by/);
});

test('a comparison of nothing is no proof', () => {
  expect(() => requirePassed([], 'tiny-xt on cuda')).toThrow('nothing was compared');
});
