import { expect, test } from 'vitest';
import { cameraMotion } from './camera-motion.ts';
import { createFlow, createPlane } from './image/plane.ts';

const [width, height] = [24, 16];

/** A zoom with a turn and a pan. Where it is not trusted, it is wrong. */
function motionOf(isTrusted: (x: number, y: number) => boolean) {
  const [motion, expected] = [createFlow(width, height), createFlow(width, height)];
  const trust = createPlane(width, height);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      expected.u[i] = 3 + 0.1 * x - 0.02 * y;
      expected.v[i] = -1 + 0.02 * x + 0.1 * y;
      motion.u[i] = isTrusted(x, y) ? expected.u[i]! : 40;
      motion.v[i] = isTrusted(x, y) ? expected.v[i]! : 10 * Math.sin(x);
      trust.data[i] = isTrusted(x, y) ? 0.8 : 0.3;
    }
  }
  return { motion, trust, expected };
}

test('an affine motion is found from the places that are trusted', () => {
  const { motion, trust, expected } = motionOf((x, y) => x > 5 && (x + y) % 3 > 0);
  const found = cameraMotion(motion, trust);
  for (const [i, u] of expected.u.entries()) {
    expect(found.u[i]).toBeCloseTo(u, 4);
    expect(found.v[i]).toBeCloseTo(expected.v[i]!, 4);
  }
});

test('places on a line give their mean, and none give no motion', () => {
  const line = motionOf((_, y) => y === 4);
  const mean = cameraMotion(line.motion, line.trust);
  expect(new Set(mean.u).size).toBe(1);
  expect(mean.u[0]).toBeCloseTo(3 + 0.1 * 11.5 - 0.02 * 4, 4);
  const none = motionOf(() => false);
  expect(new Set(cameraMotion(none.motion, none.trust).u)).toEqual(new Set([0]));
});
