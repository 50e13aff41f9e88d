import { expect, test } from 'vitest';
import { keptPhotoSize } from './photo-size.ts';

test.each([
  [4032, 3024, 2560, 1920],
  [3024, 4032, 1920, 2560],
  [3000, 3000, 2236, 2236],
  // A panorama keeps its height as far as possible, because a video shows only a part of its width.
  [10_000, 500, 10_000, 500],
  [12_000, 1500, 5120, 640],
  [40_000, 100, 16_000, 40],
  [600, 400, 600, 400],
])('a photo of %i×%i is kept at %i×%i', (width, height, keptWidth, keptHeight) => {
  expect(keptPhotoSize({ width, height })).toEqual({ width: keptWidth, height: keptHeight });
});
