import { blur } from './image/blur.ts';
import { createPlane } from './image/plane.ts';
import type { Flow } from './image/plane.ts';
import type { NeighbourMotion } from './neighbour-motion.ts';

/** The neighbourhood over which the acceleration is averaged: a standard deviation in pixels of the motion. */
const WINDOW = 2;
/** The error of following the motion there and back, in pixels, at which a place counts 1/e. */
const TOLERANCE = 0.7;
/** The least sum of weights: where nothing around is reliable, the motion is taken as even. */
const LEAST_WEIGHT = 0.2;

/**
 * How the motion at a frame changes from the interval before it to the interval after it: pixels for each squared interval.
 * Things that speed up or slow down do not lie half-way at half the time (quadratic interpolation, Xu et al. 2019).
 * @param before and `after`: the motion of the two intervals that meet at the frame.
 */
export function accelerationAt(before: NeighbourMotion, after: NeighbourMotion): Flow {
  const { width, height } = after.forward;
  const weights = createPlane(width, height);
  for (let i = 0; i < weights.data.length; i++) {
    const lost = before.lostAfter.data[i]! ** 2 + after.lostBefore.data[i]! ** 2;
    weights.data[i] = Math.exp(-lost / TOLERANCE ** 2);
  }
  const total = blur(weights, WINDOW).data;
  const mean = (there: Float32Array, back: Float32Array): Float32Array => {
    const weighted = createPlane(width, height);
    for (let i = 0; i < total.length; i++) weighted.data[i] = weights.data[i]! * (there[i]! + back[i]!);
    return blur(weighted, WINDOW).data.map((sum, i) => sum / Math.max(total[i]!, LEAST_WEIGHT));
  };
  return {
    width,
    height,
    u: mean(after.forward.u, before.backward.u),
    v: mean(after.forward.v, before.backward.v),
  };
}
