import { expect, test } from 'vitest';
import { defaultFrameRate } from './frame-rate.ts';

test.each([
  [1, 28],
  [6, 30],
  [7, 28],
  [8, 24],
  [10, 30],
  [12, 24],
  [14, 28],
  [16, 32],
  [20, 20],
  [25, 25],
  [30, 30],
  [60, 60],
])('a model at %i frames per second makes files at %i', (conditioningFps, frameRate) => {
  expect(defaultFrameRate(conditioningFps)).toBe(frameRate);
});
