import { expect, test } from 'vitest';
import { createFlow, createPlane } from './image/plane.ts';
import { closeIslands } from './islands.ts';

const [width, height] = [40, 30];
const middle = 15 * width + 20;

/** Trust everywhere but in a square of the given width in the middle. */
function trustAround(side: number) {
  const trust = createPlane(width, height);
  trust.data.fill(1);
  const [left, top] = [20 - (side >> 1), 15 - (side >> 1)];
  for (let y = top; y < top + side; y++) trust.data.fill(0, y * width + left, y * width + left + side);
  return trust;
}

/** A motion to the right, of the frame and of the one before; at the island, both may have another one. */
function motions(atIsland: number) {
  const [motion, followed] = [createFlow(2 * width, 2 * height), createFlow(width, height)];
  motion.u.fill(2);
  followed.u.fill(1);
  for (let y = 26; y < 34; y++) motion.u.fill(-5, y * 2 * width + 36, y * 2 * width + 44);
  followed.u[middle] = atIsland;
  return { motion, followed };
}

test('a small island that moves with its surroundings takes their motion and trust', () => {
  const { motion, followed } = motions(1);
  const closed = closeIslands(motion, trustAround(4), followed);
  expect(closed.trust.data[middle]).toBeCloseTo(1);
  expect(closed.motion.u[30 * 2 * width + 40]).toBeCloseTo(2);
});

test('an island that moves by itself stays as it is', () => {
  const { motion, followed } = motions(3);
  const closed = closeIslands(motion, trustAround(4), followed);
  expect(closed.trust.data[middle]).toBeCloseTo(0);
});

test('a large island and the borders stay as they are', () => {
  const { motion, followed } = motions(1);
  const trust = trustAround(16);
  trust.data.fill(0, 0, 2 * width);
  const closed = closeIslands(motion, trust, followed);
  expect(closed.trust.data[middle]).toBe(0);
  expect(closed.trust.data[width + 20]).toBe(0);
});
