import { resizeBilinear, resizeFlow } from './flow/pyramid.ts';
import { blur } from './image/blur.ts';
import { cameraMotion } from './camera-motion.ts';
import { createPlane } from './image/plane.ts';
import type { Plane } from './image/plane.ts';
import type { PhotoMotion } from './photo-motion.ts';

/** Places up to twice this wide are filled. In pixels of the trust plane, each of which is two pixels of the frame wide. */
const REACH = 12;
/** The standard deviation of the Gaussian that weights the surroundings, in the same pixels. */
const AROUND = 8;
/**
 * How much the motion around a place varies beside that of the camera when 1/e of it is filled: a standard deviation in pixels of the
 * frame. Where it varies more, something near ends.
 */
const MOTION_TOLERANCE = 3;
/** Added to every weight, so that the weights never sum to 0. */
const LEAST_WEIGHT = 1e-4;

/**
 * Fills small places of low trust: they take the motion, light and trust of their surroundings, if these are trusted and move
 * evenly. This is right if only the camera moves, because such a place is then an error of the model. It would freeze small things
 * that move by themselves.
 */
export function fillIslands(motion: PhotoMotion): PhotoMotion {
  const { trust, toPhoto, light } = motion;
  const { width, height } = trust;
  const meanAround = createMeanAround(trust);
  const half = resizeFlow(toPhoto, width, height);
  // In a zoom, the mean of surroundings on one side, as at the frame's border, is not the motion of the place itself.
  const camera = cameraMotion(half, trust);
  const own = { u: half.u.map((value, i) => value - camera.u[i]!), v: half.v.map((value, i) => value - camera.v[i]!) };
  const mean = { u: meanAround(own.u), v: meanAround(own.v) };
  const squares = meanAround(own.u.map((value, i) => value * value + own.v[i]! * own.v[i]!));
  const u = mean.u.map((value, i) => value + camera.u[i]!);
  const v = mean.v.map((value, i) => value + camera.v[i]!);
  const closed = smallestWithin(largestWithin(trust, REACH), REACH).data;
  const filled = createPlane(width, height);
  const share = createPlane(width, height);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const [px, py] = [x + u[i]!, y + v[i]!];
      const isInside = px >= 0 && py >= 0 && px <= width - 1 && py <= height - 1;
      // The vectors are in half pixels, so the variance in pixels is four times as large.
      const variance = 4 * Math.max(0, squares[i]! - mean.u[i]! ** 2 - mean.v[i]! ** 2);
      const missing = Math.max(0, closed[i]! - trust.data[i]!);
      const added = isInside ? missing * Math.exp(-variance / MOTION_TOLERANCE ** 2) : 0;
      filled.data[i] = trust.data[i]! + added;
      share.data[i] = added / (filled.data[i]! + LEAST_WEIGHT);
    }
  }
  const whole = resizeFlow({ width, height, u, v }, toPhoto.width, toPhoto.height);
  const wholeShare = resizeBilinear(share, toPhoto.width, toPhoto.height).data;
  const fillColour = (plane: Plane): Plane => ({ ...plane, data: mix(plane.data, meanAround(plane.data), share.data) });
  return {
    toPhoto: { ...toPhoto, u: mix(toPhoto.u, whole.u, wholeShare), v: mix(toPhoto.v, whole.v, wholeShare) },
    trust: filled,
    light: light && [fillColour(light[0]), fillColour(light[1]), fillColour(light[2])],
  };
}

/** @returns the function that gives for each pixel the mean of its surroundings, weighted by the fourth power of their trust. */
function createMeanAround({ width, height, data }: Plane): (values: Float32Array) => Float32Array {
  const known = data.map((value) => value ** 4 + LEAST_WEIGHT);
  const total = blur({ width, height, data: known }, AROUND).data;
  return (values) => {
    const weighted = values.map((value, i) => value * known[i]!);
    return blur({ width, height, data: weighted }, AROUND).data.map((sum, i) => sum / total[i]!);
  };
}

const mix = (own: Float32Array, other: Float32Array, share: Float32Array): Float32Array =>
  own.map((value, i) => value + share[i]! * (other[i]! - value));

const smallestWithin = (plane: Plane, reach: number): Plane => negative(largestWithin(negative(plane), reach));
const negative = (plane: Plane): Plane => ({ ...plane, data: plane.data.map((value) => -value) });

/** The largest value in the square of pixels up to `reach` away. */
function largestWithin({ width, height, data }: Plane, reach: number): Plane {
  const largest = createPlane(width, height);
  const row = new Float32Array(width + 2 * reach);
  for (let y = 0; y < height; y++) {
    row.fill(-Infinity);
    row.set(data.subarray(y * width, (y + 1) * width), reach);
    largestInWindows(row, 2 * reach + 1);
    largest.data.set(row.subarray(0, width), y * width);
  }
  const column = new Float32Array(height + 2 * reach);
  for (let x = 0; x < width; x++) {
    column.fill(-Infinity);
    for (let y = 0; y < height; y++) column[reach + y] = largest.data[y * width + x]!;
    largestInWindows(column, 2 * reach + 1);
    for (let y = 0; y < height; y++) largest.data[y * width + x] = column[y]!;
  }
  return largest;
}

/** Replaces each value by the largest of the `length` values that begin with it, for windows that double up to the length. */
function largestInWindows(values: Float32Array, length: number): void {
  for (let covered = 1; covered < length;) {
    const step = Math.min(covered, length - covered);
    for (let i = 0; i + step < values.length; i++) {
      if (values[i + step]! > values[i]!) values[i] = values[i + step]!;
    }
    covered += step;
  }
}
