import { expect, test } from 'vitest';
import { accelerationAt } from './acceleration.ts';
import { createPlane } from './image/plane.ts';
import type { Flow } from './image/plane.ts';
import { planBetween } from './interpolate.ts';
import type { NeighbourMotion } from './neighbour-motion.ts';

const [width, height] = [24, 20];
const middle = 10 * width + 12;

const even = (u: number): Flow => ({
  width,
  height,
  u: new Float32Array(width * height).fill(u),
  v: new Float32Array(width * height),
});

/** The motion of an interval in which everything goes to the right by `u` pixels; `lost`: the error of there and back. */
const moving = (u: number, lost = 0): NeighbourMotion => ({
  lumaBefore: createPlane(width, height),
  lumaAfter: createPlane(width, height),
  forward: even(u),
  backward: even(-u),
  lostBefore: { width, height, data: new Float32Array(width * height).fill(lost) },
  lostAfter: createPlane(width, height),
});

test('the acceleration is the difference of the motion after a frame and the motion before it', () => {
  expect(accelerationAt(moving(1), moving(3)).u[middle]).toBeCloseTo(2);
  expect(accelerationAt(moving(3), moving(3)).u[middle]).toBeCloseTo(0);
});

test('there is no acceleration where the motion is not reliable', () => {
  expect(Math.abs(accelerationAt(moving(1), moving(3, 4)).u[middle]!)).toBeLessThan(0.01);
});

test('a thing that speeds up has gone less than half the way at half the time', () => {
  const at = (acceleration: Flow | null) =>
    planBetween({ ...moving(3), accelerationBefore: acceleration, accelerationAfter: acceleration }, 0.5);
  expect(at(null).toBefore.u[middle]).toBeCloseTo(-1.5);
  // It comes from 0 with a speed of 2 and a growth of 2: x(t) = 2t + t².
  expect(at(even(2)).toBefore.u[middle]).toBeCloseTo(-1.25);
  expect(at(even(2)).toAfter.u[middle]).toBeCloseTo(1.75);
});

test('at an end of the video the acceleration of the other frame counts', () => {
  const plan = planBetween({ ...moving(3), accelerationBefore: null, accelerationAfter: even(2) }, 0.5);
  expect(plan.toBefore.u[middle]).toBeCloseTo(-1.25);
});
