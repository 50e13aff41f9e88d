import { expect, test } from 'vitest';
import { cameraMove, meanMotion, parallax } from './camera-move.ts';
import type { Luma } from './luma.ts';
import { at } from './luma.ts';
import { rankCorrelation, sharpnessKept, warpedDifference } from './motion-measures.ts';

/** Enough wavelengths for each position to be unique. */
const LENGTHS = [211, 173, 139, 113, 97, 79, 61, 47, 37, 29, 23, 17, 13, 11, 7, 6];
const size = { width: 256, height: 160 };

/** A picture of waves with many wavelengths, moved by (dx, dy) pixels and enlarged by the factor 1 + nearer. */
function waves(dx = 0, dy = 0, nearer = 0, smooth = 0): Luma {
  const data = new Float32Array(size.width * size.height);
  for (let y = 0; y < size.height; y++) {
    for (let x = 0; x < size.width; x++) {
      const u = (x - 128) * (1 - nearer) + 128 + dx;
      const v = (y - 80) * (1 - nearer) + 80 + dy;
      let value = 128;
      for (const [i, length] of LENGTHS.entries()) {
        const fine = length < 30 ? 1 - smooth : 1;
        value += 12 * fine * Math.sin((2 * Math.PI * (u * Math.cos(i * 2) + v * Math.sin(i * 2))) / length + i);
      }
      data[y * size.width + x] = value;
    }
  }
  return { ...size, data };
}

test('interpolates between pixels, and returns NaN outside', () => {
  const ramp: Luma = { width: 3, height: 2, data: Float32Array.of(0, 1, 2, 10, 11, 12) };
  expect(at(ramp, 0.5, 0.25)).toBeCloseTo(3);
  expect(at(ramp, 2, 1)).toBe(12);
  expect(at(ramp, 2.1, 0)).toBeNaN();
});

test('cameraMove finds the motion between two pictures', () => {
  const move = cameraMove(waves(), waves(5, -3, 0.04), 24);
  expect(move.x[0]).toBeCloseTo(5, 0);
  expect(move.y[0]).toBeCloseTo(-3, 0);
  expect(move.x[1]).toBeCloseTo(-0.04, 2);
  expect(move.y[2]).toBeCloseTo(-0.04, 2);
  expect(meanMotion(cameraMove(waves(), waves(), 24), waves())).toBeLessThan(0.05);
});

test('a camera motion is not parallax; two halves with different motion are', () => {
  expect(parallax(waves(), waves(5, -3, 0.04), 24)).toBeLessThan(0.5);
  const [before, moved, further] = [waves(), waves(2), waves(9)];
  moved.data.forEach((_, i) => (moved.data[i] = i % 256 < 128 ? moved.data[i]! : further.data[i]!));
  expect(parallax(before, moved, 24)).toBeGreaterThan(1);
});

test('motion is neither flicker nor a loss of sharpness; a change of brightness or a loss of detail is', () => {
  expect(warpedDifference(waves(), waves(1.5, 0.5))).toBeLessThan(1.5);
  const other = waves();
  other.data.forEach((value, i) => (other.data[i] = value + 12));
  expect(warpedDifference(waves(), other)).toBeGreaterThan(6);
  expect(sharpnessKept(waves(), waves(4, 2))).toBeGreaterThan(0.9);
  expect(sharpnessKept(waves(), waves(4, 2, 0, 0.5))).toBeLessThan(0.7);
});

test('rankCorrelation compares ranks, not values', () => {
  expect(rankCorrelation([1, 2, 3, 4], [1, 10, 100, 1000])).toBe(1);
  expect(rankCorrelation([1, 2, 3, 4], [4, 3, 2, 1])).toBe(-1);
});
