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
  const { width, height } = flow;
  const size = width * height;
  const du = new Float32Array(size);
  const dv = new Float32Array(size);
  const system = {
    a11: new Float32Array(size),
    a12: new Float32Array(size),
    a22: new Float32Array(size),
    b1: new Float32Array(size),
    b2: new Float32Array(size),
    right: new Float32Array(size),
    down: new Float32Array(size),
  };
  for (let outer = 0; outer < options.outer; outer++) {
    dataTerms(terms, du, dv, system, options);
    smoothnessWeights(flow, du, dv, system, options.alpha);
    for (let inner = 0; inner < options.inner; inner++) relax(flow, du, dv, system);
  }
  for (let i = 0; i < size; i++) {
    flow.u[i]! += du[i]!;
    flow.v[i]! += dv[i]!;
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

interface System {
  readonly a11: Float32Array;
  readonly a12: Float32Array;
  readonly a22: Float32Array;
  readonly b1: Float32Array;
  readonly b2: Float32Array;
  /** Smoothness between a pixel and the one to its right, and the one below it; none across the border. */
  readonly right: Float32Array;
  readonly down: Float32Array;
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

function dataTerms(terms: Terms, du: Float32Array, dv: Float32Array, system: System, options: VariationalOptions) {
  const { ix, iy, iz, ixx, ixy, iyy, ixz, iyz } = terms;
  const { a11, a12, a22, b1, b2 } = system;
  const { delta, gamma } = options;
  for (let i = 0; i < ix.length; i++) {
    const u = du[i]!;
    const v = dv[i]!;
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

    a11[i] = weight * x * x + weightX * xx * xx + weightY * xy * xy;
    a12[i] = weight * x * y + weightX * xx * xy + weightY * xy * yy;
    a22[i] = weight * y * y + weightX * xy * xy + weightY * yy * yy;
    b1[i] = -(weight * x * z + weightX * xx * xz + weightY * xy * yz);
    b2[i] = -(weight * y * z + weightX * xy * xz + weightY * yy * yz);
  }
}

function smoothnessWeights(flow: Flow, du: Float32Array, dv: Float32Array, system: System, alpha: number): void {
  const { width, height, u, v } = flow;
  const { right, down } = system;
  const local = new Float32Array(width * height);
  for (let y = 0, i = 0; y < height; y++) {
    const below = y < height - 1 ? width : 0;
    for (let x = 0; x < width; x++, i++) {
      const j = x < width - 1 ? i + 1 : i;
      const k = i + below;
      const here = u[i]! + du[i]!;
      const hereV = v[i]! + dv[i]!;
      const ux = u[j]! + du[j]! - here;
      const uy = u[k]! + du[k]! - here;
      const vx = v[j]! + dv[j]! - hereV;
      const vy = v[k]! + dv[k]! - hereV;
      local[i] = (0.5 * alpha) / Math.sqrt(ux * ux + uy * uy + vx * vx + vy * vy + EPSILON);
    }
  }
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      right[i] = x < width - 1 ? 0.5 * (local[i]! + local[i + 1]!) : 0;
      down[i] = y < height - 1 ? 0.5 * (local[i]! + local[i + width]!) : 0;
    }
  }
}

/** One sweep over the pixels: each is solved for its own increment, the others held. */
function relax({ width, height, u, v }: Flow, du: Float32Array, dv: Float32Array, system: System): void {
  const { a11, a12, a22, b1, b2, right, down } = system;
  for (let y = 0, i = 0; y < height; y++) {
    const up = y > 0 ? width : 0;
    const below = y < height - 1 ? width : 0;
    for (let x = 0; x < width; x++, i++) {
      const left = x > 0 ? 1 : 0;
      const ahead = x < width - 1 ? 1 : 0;
      const wl = left === 1 ? right[i - 1]! : 0;
      const wr = right[i]!;
      const wu = up > 0 ? down[i - up]! : 0;
      const wd = down[i]!;
      const sum = wl + wr + wu + wd;
      const l = i - left;
      const r = i + ahead;
      const t = i - up;
      const d = i + below;
      const smoothU =
        wl * (u[l]! + du[l]!) + wr * (u[r]! + du[r]!) + wu * (u[t]! + du[t]!) + wd * (u[d]! + du[d]!) - sum * u[i]!;
      const smoothV =
        wl * (v[l]! + dv[l]!) + wr * (v[r]! + dv[r]!) + wu * (v[t]! + dv[t]!) + wd * (v[d]! + dv[d]!) - sum * v[i]!;
      const nextU = du[i]! + OVER_RELAXATION * ((b1[i]! + smoothU - a12[i]! * dv[i]!) / (a11[i]! + sum) - du[i]!);
      du[i] = nextU;
      dv[i]! += OVER_RELAXATION * ((b2[i]! + smoothV - a12[i]! * nextU) / (a22[i]! + sum) - dv[i]!);
    }
  }
}
