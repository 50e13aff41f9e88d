import { expect, test } from 'vitest';
import { keptPhotoSize } from './photo-size.ts';

test.each([
  [4032, 3024, 2560, 1920],
  [3024, 4032, 1920, 2560],
  [3000, 3000, 2236, 2236],
  [9000, 1, 2560, 1],
  [600, 400, 600, 400],
])('a photo of %i×%i is kept at %i×%i', (width, height, keptWidth, keptHeight) => {
  expect(keptPhotoSize({ width, height })).toEqual({ width: keptWidth, height: keptHeight });
});
