import { expect, test } from 'vitest';
import { fillIslands } from './fill-islands.ts';
import { createFlow, createPlane } from './image/plane.ts';
import type { PhotoMotion } from './photo-motion.ts';

const [width, height] = [96, 64];

/** Motion by (4, -2) and light of 10 everywhere, except in a place without trust, where both are wrong. */
function withIsland(
  isIsland: (x: number, y: number) => boolean,
  motionAt: (x: number) => number = () => 4,
): PhotoMotion {
  const toPhoto = createFlow(2 * width, 2 * height);
  const trust = createPlane(width, height);
  const light = createPlane(width, height);
  for (let y = 0; y < 2 * height; y++) {
    for (let x = 0; x < 2 * width; x++) {
      const isWrong = isIsland(x >> 1, y >> 1);
      toPhoto.u[y * 2 * width + x] = isWrong ? -20 : motionAt(x);
      toPhoto.v[y * 2 * width + x] = isWrong ? 15 : -2;
      trust.data[(y >> 1) * width + (x >> 1)] = isWrong ? 0 : 0.9;
      light.data[(y >> 1) * width + (x >> 1)] = isWrong ? -60 : 10;
    }
  }
  return { toPhoto, trust, light: [light, light, light] };
}

const at = (x: number, y: number) => y * width + x;
const twice = (x: number, y: number) => 2 * y * 2 * width + 2 * x;

test('an island takes the motion, the light and the trust of its surroundings', () => {
  const { toPhoto, trust, light } = fillIslands(withIsland((x, y) => Math.hypot(x - 48, y - 32) < 8));
  expect(trust.data[at(48, 32)]).toBeCloseTo(0.9, 1);
  expect(toPhoto.u[twice(48, 32)]).toBeCloseTo(4, 0);
  expect(toPhoto.v[twice(48, 32)]).toBeCloseTo(-2, 0);
  expect(light![0].data[at(48, 32)]).toBeGreaterThan(8);
  // Trusted pixels do not change.
  expect(trust.data[at(10, 10)]).toBeCloseTo(0.9, 5);
  expect(toPhoto.u[twice(10, 10)]).toBe(4);
});

test('in a zoom, an island at the border of the frame gets the motion of its own place', () => {
  const zoom = (x: number) => 0.1 * (width - x);
  const { toPhoto, trust } = fillIslands(withIsland((x, y) => x < 6 && Math.abs(y - 32) < 6, zoom));
  for (const x of [0, 2, 4]) expect(Math.abs(toPhoto.u[twice(x, 32)]! - zoom(2 * x))).toBeLessThan(0.2);
  expect(trust.data[at(1, 32)]).toBeGreaterThan(0.8);
});

test('a strip that comes into view between two different motions is not filled', () => {
  const { trust } = fillIslands(
    withIsland(
      (x) => Math.abs(x - 48) < 5,
      (x) => (x < 96 ? 4 : 24),
    ),
  );
  expect(trust.data[at(48, 32)]).toBeLessThan(0.05);
});

test('large places, and places outside the photo, are not filled', () => {
  const large = fillIslands(withIsland((x, y) => Math.hypot(x - 48, y - 32) < 28));
  expect(large.trust.data[at(48, 32)]).toBe(0);
  const outside = fillIslands(withIsland((x) => x > 92));
  expect(outside.trust.data[at(95, 32)]).toBe(0);
});
