import { createFlow } from './image/plane.ts';
import type { Flow } from './image/plane.ts';

/** Weights of the frame itself, and of the mean of the frames one and two before and after it. */
const KERNEL = [6, 8, 2] as const;

/** The frames on each side whose motion counts. */
export const MOTION_REACH = KERNEL.length - 1;

/** The difference from even motion, in pixels of the frames, at which a pair of neighbours has lost three quarters of its weight. */
const TOLERANCE = 0.7;

/**
 * The motion of a frame to the photo without the jitter of its estimate, which would be seen as a swimming picture. The
 * mean of the frames before and after is the frame's own motion wherever the camera moves evenly; where it differs by
 * more than an estimate errs, things move by themselves, and the frame's own motion is kept.
 * @param motions of the frame and its neighbours, in order.
 * @param at which of them is the frame.
 */
export function steadyMotion(motions: readonly Flow[], at: number): Flow {
  const own = motions[at]!;
  const pairs = KERNEL.slice(1).flatMap((kernel, i) => {
    const [before, after] = [motions[at - i - 1], motions[at + i + 1]];
    return before && after ? [{ before, after, kernel }] : [];
  });
  if (pairs.length === 0) return own;
  const steady = createFlow(own.width, own.height);
  for (let i = 0; i < own.u.length; i++) {
    const [ownU, ownV] = [own.u[i]!, own.v[i]!];
    let u = 0;
    let v = 0;
    let total: number = KERNEL[0];
    for (const { before, after, kernel } of pairs) {
      const du = 0.5 * (before.u[i]! + after.u[i]!) - ownU;
      const dv = 0.5 * (before.v[i]! + after.v[i]!) - ownV;
      const even = 1 / (1 + (du * du + dv * dv) / (TOLERANCE * TOLERANCE));
      const weight = kernel * even * even;
      u += weight * du;
      v += weight * dv;
      total += weight;
    }
    steady.u[i] = ownU + u / total;
    steady.v[i] = ownV + v / total;
  }
  return steady;
}
