import { sampleBicubic } from './image/bicubic.ts';
import type { RgbPixels } from './image/bicubic.ts';
import { blur } from './image/blur.ts';
import { createFlow, createPlane } from './image/plane.ts';
import type { Flow, Plane } from './image/plane.ts';
import { warpFlow, warpPlane } from './image/sample.ts';
import { resizeBilinear, resizeFlow } from './flow/pyramid.ts';

/** The brightness of two neighbouring frames, at the size of the motion, and the motion between them. */
export interface Interval {
  readonly lumaBefore: Plane;
  readonly lumaAfter: Plane;
  /** The motion from the earlier frame to the later one, and back. */
  readonly forward: Flow;
  readonly backward: Flow;
  /** The error of following the motion forth and back, in pixels, for each pixel of each frame. */
  readonly lostBefore: Plane;
  readonly lostAfter: Plane;
  /** How the motion changes at each frame; null at an end of the video. */
  readonly accelerationBefore: Flow | null;
  readonly accelerationAfter: Flow | null;
}

/** How an interpolated picture is composed. */
export interface Between {
  /** The positions in the earlier and in the later frame of what each pixel shows, relative to the pixel. */
  readonly toBefore: Flow;
  readonly toAfter: Flow;
  /** The weight of the later frame for each pixel, 0 to 1. */
  readonly weightAfter: Plane;
  /** How much the mean of both frames at the pixel itself counts, 0 to 1, because no motion explains them better. */
  readonly doubt: Plane;
}

const INVERSION_STEPS = 3;
/** The neighbourhood over which frames are compared: a standard deviation in pixels of the motion. */
const COST_WINDOW = 1.2;
/** Differences of brightness below this level are noise. */
const COST_FLOOR = 1;
/** Where the frames differ along the motion as much as without any, the mean of both counts for a third. */
const MEAN_COST = 2;
/** The square of the difference of brightness below which motion is not doubted. */
const DOUBT_FLOOR = 4;

/**
 * The motion that passes through each pixel of a picture at `time` (0: the frame before, 1: the one after), and which of
 * the two frames shows what is there. Two candidates are compared at each pixel: the forward motion and the backward
 * motion, each followed to this time. The more alike the two frames look along one, the more it counts.
 */
export function planBetween(interval: Interval, time: number): Between {
  const { lumaBefore, lumaAfter, forward, backward } = interval;
  const { width, height } = forward;
  const a = invert(forward, -time);
  const b = scaled(invert(backward, 1 - time), -1);
  const costA = matchCost(lumaBefore, lumaAfter, a, time).data;
  const costB = matchCost(lumaBefore, lumaAfter, b, time).data;
  const still = blur(difference(lumaBefore, lumaAfter), COST_WINDOW).data;
  const toBefore = createFlow(width, height);
  const toAfter = createFlow(width, height);
  const doubt = createPlane(width, height);
  for (let i = 0; i < width * height; i++) {
    const cost = Math.min(costA[i]!, costB[i]!) ** 2;
    doubt.data[i] = Math.min(cost / (cost + MEAN_COST * still[i]! ** 2 + DOUBT_FLOOR), 0.5);
    const weightA = inverseFourthPower(costA[i]! + COST_FLOOR);
    const weightB = inverseFourthPower(costB[i]! + COST_FLOOR);
    const w = weightA / (weightA + weightB);
    const u = b.u[i]! + w * (a.u[i]! - b.u[i]!);
    const v = b.v[i]! + w * (a.v[i]! - b.v[i]!);
    toBefore.u[i] = -time * u;
    toBefore.v[i] = -time * v;
    toAfter.u[i] = (1 - time) * u;
    toAfter.v[i] = (1 - time) * v;
  }
  const weightAfter = visibility(interval, toBefore, toAfter, time);
  bend(interval, toBefore, toAfter, time);
  return { toBefore, toAfter, weightAfter, doubt };
}

/** Moves the places on a straight and even path to where an accelerated motion passes at this time: x(t) = Ft − a·t(1 − t)/2. */
function bend({ accelerationBefore, accelerationAfter }: Interval, toBefore: Flow, toAfter: Flow, time: number): void {
  const before = accelerationBefore && warpFlow(accelerationBefore, toBefore);
  const after = accelerationAfter && warpFlow(accelerationAfter, toAfter);
  const share = before && after ? time : after ? 1 : 0;
  const size = 0.5 * time * (1 - time);
  for (const [acceleration, weight] of [
    [before, size * (1 - share)],
    [after, size * share],
  ] as const) {
    if (!acceleration) continue;
    for (let i = 0; i < toBefore.u.length; i++) {
      const u = weight * acceleration.u[i]!;
      const v = weight * acceleration.v[i]!;
      toBefore.u[i]! += u;
      toBefore.v[i]! += v;
      toAfter.u[i]! += u;
      toAfter.v[i]! += v;
    }
  }
}

/** Equal costs give the mean of the candidates, a clear difference a choice. */
function inverseFourthPower(cost: number): number {
  const square = cost * cost;
  return 1 / (square * square);
}

/** The motion at the place where it arrives after `time` of its way, by fixed-point iteration. */
function invert(motion: Flow, time: number): Flow {
  let here = motion;
  for (let step = 0; step < INVERSION_STEPS; step++) here = warpFlow(motion, here, time);
  return here;
}

/** How much the two frames differ along a motion, smoothed over the neighbourhood, in levels of brightness. */
function matchCost(before: Plane, after: Plane, motion: Flow, time: number): Plane {
  return blur(difference(warpPlane(before, motion, -time), warpPlane(after, motion, 1 - time)), COST_WINDOW);
}

function difference(a: Plane, b: Plane): Plane {
  const target = createPlane(a.width, a.height);
  for (let i = 0; i < target.data.length; i++) target.data[i] = Math.abs(a.data[i]! - b.data[i]!);
  return target;
}

function scaled(flow: Flow, factor: number): Flow {
  const target = createFlow(flow.width, flow.height);
  for (let i = 0; i < target.u.length; i++) {
    target.u[i] = factor * flow.u[i]!;
    target.v[i] = factor * flow.v[i]!;
  }
  return target;
}

/**
 * The weight of the later frame at each pixel, 0 to 1. A place that only one of the two frames shows has its value from
 * that frame.
 */
function visibility(interval: Interval, toBefore: Flow, toAfter: Flow, time: number): Plane {
  const lostBefore = warpPlane(interval.lostBefore, toBefore).data;
  const lostAfter = warpPlane(interval.lostAfter, toAfter).data;
  const weights = createPlane(toBefore.width, toBefore.height);
  for (let i = 0; i < lostBefore.length; i++) {
    const before = (1 - time) * seen(lostAfter[i]!);
    const after = time * seen(lostBefore[i]!);
    weights.data[i] = after / (before + after);
  }
  return weights;
}

const seen = (error: number): number => 0.02 + Math.exp(-error * error * 0.25);

/** The error of following the motion forth and back, in pixels. */
export function inconsistency(there: Flow, back: Flow): Plane {
  const returned = warpFlow(back, there);
  const error = createPlane(there.width, there.height);
  for (let i = 0; i < error.data.length; i++) {
    const u = there.u[i]! + returned.u[i]!;
    const v = there.v[i]! + returned.v[i]!;
    error.data[i] = Math.sqrt(u * u + v * v);
  }
  return error;
}

/** The same at another size of the frames. */
export const resizeBetween = (
  { toBefore, toAfter, weightAfter, doubt }: Between,
  width: number,
  height: number,
): Between => ({
  toBefore: resizeFlow(toBefore, width, height),
  toAfter: resizeFlow(toAfter, width, height),
  weightAfter: resizeBilinear(weightAfter, width, height),
  doubt: resizeBilinear(doubt, width, height),
});

/**
 * The picture between two frames, interleaved RGB from 0 to 255 at their size, not rounded.
 * @param between at the size of the frames.
 * @param covered what something else covers of each pixel, 0 to 1; where it is all, nothing is computed.
 */
export function renderBetween(
  before: RgbPixels,
  after: RgbPixels,
  between: Between,
  covered: Float32Array | null,
): Float32Array {
  const { width, height } = before;
  const { toBefore, toAfter } = between;
  const weightAfter = between.weightAfter.data;
  const doubt = between.doubt.data;
  const target = new Float32Array(3 * width * height);
  const sample = new Float32Array(6);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      if (covered?.[i] === 1) continue;
      sampleBicubic(before, x + toBefore.u[i]!, y + toBefore.v[i]!, sample, 0);
      sampleBicubic(after, x + toAfter.u[i]!, y + toAfter.v[i]!, sample, 3);
      const w = weightAfter[i]!;
      const share = doubt[i]!;
      for (let k = 0, at = 3 * i; k < 3; k++, at++) {
        const moved = sample[k]! + w * (sample[k + 3]! - sample[k]!);
        target[at] = moved + share * (0.5 * (before.data[at]! + after.data[at]!) - moved);
      }
    }
  }
  return target;
}
