import { createPlane } from '../image/plane.ts';
import type { Flow, Plane } from '../image/plane.ts';
import { warpPlane } from '../image/sample.ts';
import { gradients } from './gradients.ts';

/** How much each term of the energy counts, for brightness from 0 to 255, and how long it is minimised. */
export interface VariationalOptions {
  /** Smoothness. */
  readonly alpha: number;
  /** Constancy of brightness. */
  readonly delta: number;
  /** Constancy of the gradient. */
  readonly gamma: number;
  /** How often the robust weights are computed anew. */
  readonly outer: number;
  /** Steps of successive over-relaxation for each of them. */
  readonly inner: number;
}

const OVER_RELAXATION = 1.6;
const EPSILON = 0.001 ** 2;
/** Keeps a data term from growing without bound where the gradient vanishes. */
const ZETA = 0.1 ** 2;

/**
 * Refines a motion field in place: it minimises robust constancy of brightness and gradient plus robust smoothness
 * (Brox et al. 2004, with the normalised data terms of Zimmer et al. 2011, as Kroeger et al. 2016 refine each level).
 */
export function refineVariational(from: Plane, to: Plane, flow: Flow, options: VariationalOptions): void {
  const terms = linearise(from, to, flow);
  const system = createSystem(flow);
  for (let outer = 0; outer < options.outer; outer++) {
    smoothnessWeights(system, options.alpha);
    dataTerms(terms, flow, system, options);
    for (let inner = 0; inner < options.inner; inner++) relax(system);
  }
  const { width, height, stride, u, v } = system;
  for (let y = 0; y < height; y++) {
    const row = (y + 1) * stride + 1;
    flow.u.set(u.subarray(row, row + width), y * width);
    flow.v.set(v.subarray(row, row + width), y * width);
  }
}

interface Terms {
  readonly ix: Float32Array;
  readonly iy: Float32Array;
  readonly iz: Float32Array;
  readonly ixx: Float32Array;
  readonly ixy: Float32Array;
  readonly iyy: Float32Array;
  readonly ixz: Float32Array;
  readonly iyz: Float32Array;
}

/** The linear system of a step, in planes with a border of one pixel, so that no pixel needs a test. */
interface System {
  readonly width: number;
  readonly height: number;
  /** Values from one row to the next. */
  readonly stride: number;
  /** The motion sought. */
  readonly u: Float32Array;
  readonly v: Float32Array;
  readonly a12: Float32Array;
  readonly b1: Float32Array;
  readonly b2: Float32Array;
  /** One over the diagonal. */
  readonly inverse1: Float32Array;
  readonly inverse2: Float32Array;
  /** Smoothness between a pixel and the one to its right, and the one below it; none across the border. */
  readonly right: Float32Array;
  readonly down: Float32Array;
}

function createSystem({ width, height, u, v }: Flow): System {
  const stride = width + 2;
  const plane = () => new Float32Array(stride * (height + 2));
  const system = {
    width,
    height,
    stride,
    u: plane(),
    v: plane(),
    a12: plane(),
    b1: plane(),
    b2: plane(),
    inverse1: plane(),
    inverse2: plane(),
    right: plane(),
    down: plane(),
  };
  for (let y = 0; y < height; y++) {
    system.u.set(u.subarray(y * width, (y + 1) * width), (y + 1) * stride + 1);
    system.v.set(v.subarray(y * width, (y + 1) * width), (y + 1) * stride + 1);
  }
  return system;
}

/** Derivatives in space, of the mean of the picture and the warped other one, and in time, between the two. */
function linearise(from: Plane, to: Plane, flow: Flow): Terms {
  const warped = warpPlane(to, flow);
  const mean = createPlane(from.width, from.height);
  const change = createPlane(from.width, from.height);
  for (let i = 0; i < mean.data.length; i++) {
    mean.data[i] = 0.5 * (from.data[i]! + warped.data[i]!);
    change.data[i] = warped.data[i]! - from.data[i]!;
  }
  const first = gradients(mean);
  const second = gradients(first.x);
  const changeGradients = gradients(change);
  return {
    ix: first.x.data,
    iy: first.y.data,
    iz: change.data,
    ixx: second.x.data,
    ixy: second.y.data,
    iyy: gradients(first.y).y.data,
    ixz: changeGradients.x.data,
    iyz: changeGradients.y.data,
  };
}

function dataTerms(terms: Terms, start: Flow, system: System, { delta, gamma }: VariationalOptions): void {
  const { ix, iy, iz, ixx, ixy, iyy, ixz, iyz } = terms;
  const { width, height, stride, a12, b1, b2, inverse1, inverse2, right, down } = system;
  for (let row = 0, i = 0; row < height; row++) {
    for (let at = (row + 1) * stride + 1, end = at + width; at < end; at++, i++) {
      const startU = start.u[i]!;
      const startV = start.v[i]!;
      const u = system.u[at]! - startU;
      const v = system.v[at]! - startV;
      const x = ix[i]!;
      const y = iy[i]!;
      const z = iz[i]!;
      const norm = x * x + y * y + ZETA;
      const residual = z + x * u + y * v;
      const weight = (0.5 * delta) / Math.sqrt((residual * residual) / norm + EPSILON) / norm;

      const xx = ixx[i]!;
      const xy = ixy[i]!;
      const yy = iyy[i]!;
      const xz = ixz[i]!;
      const yz = iyz[i]!;
      const normX = xx * xx + xy * xy + ZETA;
      const normY = yy * yy + xy * xy + ZETA;
      const residualX = xz + xx * u + xy * v;
      const residualY = yz + xy * u + yy * v;
      const robust =
        (0.5 * gamma) / Math.sqrt((residualX * residualX) / normX + (residualY * residualY) / normY + EPSILON);
      const weightX = robust / normX;
      const weightY = robust / normY;

      const a11 = weight * x * x + weightX * xx * xx + weightY * xy * xy;
      const a22 = weight * y * y + weightX * xy * xy + weightY * yy * yy;
      const off = weight * x * y + weightX * xx * xy + weightY * xy * yy;
      const smoothness = right[at - 1]! + right[at]! + down[at - stride]! + down[at]!;
      a12[at] = off;
      b1[at] = a11 * startU + off * startV - (weight * x * z + weightX * xx * xz + weightY * xy * yz);
      b2[at] = off * startU + a22 * startV - (weight * y * z + weightX * xy * xz + weightY * yy * yz);
      inverse1[at] = 1 / (a11 + smoothness);
      inverse2[at] = 1 / (a22 + smoothness);
    }
  }
}

function smoothnessWeights({ width, height, stride, u, v, right, down }: System, alpha: number): void {
  const local = new Float32Array(stride * (height + 2));
  for (let y = 0; y < height; y++) {
    const row = (y + 1) * stride + 1;
    const below = y < height - 1 ? stride : 0;
    for (let i = row; i < row + width; i++) {
      const next = i < row + width - 1 ? i + 1 : i;
      const ux = u[next]! - u[i]!;
      const vx = v[next]! - v[i]!;
      const uy = u[i + below]! - u[i]!;
      const vy = v[i + below]! - v[i]!;
      local[i] = (0.5 * alpha) / Math.sqrt(ux * ux + uy * uy + vx * vx + vy * vy + EPSILON);
    }
  }
  for (let y = 0; y < height; y++) {
    const row = (y + 1) * stride + 1;
    for (let i = row; i < row + width; i++) {
      right[i] = i < row + width - 1 ? 0.5 * (local[i]! + local[i + 1]!) : 0;
      down[i] = y < height - 1 ? 0.5 * (local[i]! + local[i + stride]!) : 0;
    }
  }
}

/**
 * One step of successive over-relaxation: each pixel is solved for its own motion with that of the others held, first the
 * pixels of one colour of a chessboard, then the others, so that no pixel waits for the one beside it.
 */
function relax({ width, height, stride, u, v, a12, b1, b2, inverse1, inverse2, right, down }: System): void {
  for (let colour = 0; colour < 2; colour++) {
    for (let y = 0; y < height; y++) {
      const row = (y + 1) * stride + 1;
      for (let i = row + ((y + colour) & 1); i < row + width; i += 2) {
        const wl = right[i - 1]!;
        const wr = right[i]!;
        const wu = down[i - stride]!;
        const wd = down[i]!;
        const here = u[i]!;
        const smoothU = wl * u[i - 1]! + wr * u[i + 1]! + wu * u[i - stride]! + wd * u[i + stride]!;
        const next = here + OVER_RELAXATION * ((b1[i]! + smoothU - a12[i]! * v[i]!) * inverse1[i]! - here);
        const smoothV = wl * v[i - 1]! + wr * v[i + 1]! + wu * v[i - stride]! + wd * v[i + stride]!;
        u[i] = next;
        v[i]! += OVER_RELAXATION * ((b2[i]! + smoothV - a12[i]! * next) * inverse2[i]! - v[i]!);
      }
    }
  }
}
