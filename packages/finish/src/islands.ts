import { resizeBilinear, resizeFlow } from './flow/pyramid.ts';
import { blur } from './image/blur.ts';
import { createFlow, createPlane } from './image/plane.ts';
import type { Flow, Plane } from './image/plane.ts';

/** Islands up to twice as wide as this are closed, in pixels of the trust. */
const REACH = 6;
/** The neighbourhood whose motion a place takes: a standard deviation in pixels of the trust. */
const WINDOW = 4;
/** Keeps a motion where nothing around is trusted. */
const LEAST_CONFIDENCE = 1e-4;
/** The motion against the surroundings, from one frame to the next, at which a place keeps 1 − 1/e of its own: pixels. */
const ATTACHED = 0.1;

/**
 * Makes the motion to the photo smooth where a place moves with its surroundings, and closes small islands without trust
 * there: the model has lost what the photo shows. What moves by itself or has come into view keeps its motion and its trust.
 * @param motion from the frame to the photo.
 * @param trust of this motion, at half the size.
 * @param known how far the frame before was trusted at the same places, at the size of the trust.
 * @param followed the motion of the frame before, followed to this frame: at the size of the trust, in its pixels.
 */
export function closeIslands(motion: Flow, trust: Plane, known: Plane, followed: Flow): { motion: Flow; trust: Plane } {
  const { width, height } = trust;
  const closed = closing(trust);
  const share = createPlane(width, height);
  const around = motionAround(motion, trust);
  const [scaleX, scaleY] = [motion.width / width, motion.height / height];
  for (let i = 0; i < share.data.length; i++) {
    const own = trust.data[i]!;
    const gain = Math.max(0, closed.data[i]! - own);
    const du = scaleX * (followed.u[i]! - around.u[i]!);
    const dv = scaleY * (followed.v[i]! - around.v[i]!);
    const attached = known.data[i]! * Math.exp(-(du * du + dv * dv) / ATTACHED ** 2);
    closed.data[i] = own + attached * gain;
    share.data[i] = attached;
  }
  const shares = resizeBilinear(share, motion.width, motion.height).data;
  const aroundFull = resizeFlow(around, motion.width, motion.height);
  const target = createFlow(motion.width, motion.height);
  for (let i = 0; i < shares.length; i++) {
    target.u[i] = motion.u[i]! + shares[i]! * (aroundFull.u[i]! - motion.u[i]!);
    target.v[i] = motion.v[i]! + shares[i]! * (aroundFull.v[i]! - motion.v[i]!);
  }
  return { motion: target, trust: closed };
}

/** The mean of the motion around each pixel, weighted by the square of its trust: at the size of the trust. */
function motionAround(motion: Flow, { width, height, data }: Plane): Flow {
  const { u, v } = resizeFlow(motion, width, height);
  const confidence = createPlane(width, height);
  for (let i = 0; i < data.length; i++) confidence.data[i] = data[i]! * data[i]! + LEAST_CONFIDENCE;
  const totals = blur(confidence, WINDOW).data;
  const mean = (component: Float32Array): Float32Array => {
    const weighted = createPlane(width, height);
    for (let i = 0; i < data.length; i++) weighted.data[i] = confidence.data[i]! * component[i]!;
    return blur(weighted, WINDOW).data.map((sum, i) => sum / totals[i]!);
  };
  return { width, height, u: mean(u), v: mean(v) };
}

/** Morphological closing by a square; nothing outside is trusted, and no place loses trust. */
function closing(trust: Plane): Plane {
  const dilated = overSquare(trust, Math.max);
  const closed = overSquare(dilated, Math.min);
  for (let i = 0; i < closed.data.length; i++) closed.data[i] = Math.max(closed.data[i]!, trust.data[i]!);
  return closed;
}

/** The largest or smallest value of the square around each pixel; outside there are zeros. */
function overSquare({ width, height, data }: Plane, choose: (a: number, b: number) => number): Plane {
  const rows = createPlane(width, height);
  const target = createPlane(width, height);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      let value = data[i]!;
      for (let k = -REACH; k <= REACH; k++) value = choose(value, x + k >= 0 && x + k < width ? data[i + k]! : 0);
      rows.data[i] = value;
    }
  }
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      let value = rows.data[i]!;
      for (let k = -REACH; k <= REACH; k++) {
        value = choose(value, y + k >= 0 && y + k < height ? rows.data[i + k * width]! : 0);
      }
      target.data[i] = value;
    }
  }
  return target;
}
