import { expect, test } from 'vitest';
import { createFlow } from './image/plane.ts';
import { MOTION_REACH, steadyMotion } from './steady-motion.ts';

/** A motion field of one vector. */
function even(u: number, v = 0) {
  const flow = createFlow(4, 3);
  flow.u.fill(u);
  flow.v.fill(v);
  return flow;
}

test('an even motion stays as it is', () => {
  const motions = [0, 1, 2, 3, 4].map((step) => even(1.5 * step, -step));
  const { u, v } = steadyMotion(motions, MOTION_REACH);
  for (let i = 0; i < u.length; i++) {
    expect(u[i]).toBeCloseTo(3);
    expect(v[i]).toBeCloseTo(-2);
  }
});

test('an error of a tenth of a pixel in one frame becomes less than half as large', () => {
  const motions = [0, 1, 2.1, 3, 4].map((u) => even(u));
  expect(Math.abs(steadyMotion(motions, 2).u[0]! - 2)).toBeLessThan(0.05);
});

test('a jump by several pixels is kept', () => {
  const motions = [0, 0, 6, 0, 0].map((u) => even(u));
  expect(steadyMotion(motions, 2).u[0]).toBeCloseTo(6, 1);
});

test('the first and the last frame keep their own motion', () => {
  const motions = [0, 1.2, 2].map((u) => even(u));
  expect(steadyMotion(motions, 0)).toBe(motions[0]);
  expect(steadyMotion(motions, 2)).toBe(motions[2]);
});
