import { createLayout, openKernels } from '../kernels/kernels.ts';
import type { Kernels, Layout } from '../kernels/kernels.ts';
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
  const layout = createLayout();
  const places = planSystem(layout, flow);
  const termPlane = 4 * flow.u.length;
  const termPlaces = layout.reserve((terms.length + 2) * flow.u.length);
  const kernels = openKernels(layout);
  for (const [i, plane] of [...terms, flow.u, flow.v].entries()) {
    kernels.floats.set(plane, (termPlaces + i * termPlane) / 4);
  }
  const system = openSystem(kernels, places, flow);
  const { width, height } = flow;
  const { stride, plane } = places;
  for (let outer = 0; outer < options.outer; outer++) {
    smoothnessWeights(system, options.alpha);
    for (let y = 0; y < height; y++) {
      kernels.dataTerms(
        ...([termPlaces + 4 * y * width, termPlane, places.row(y), width, 4 * stride, plane] as const),
        ...([0.5 * options.delta, 0.5 * options.gamma, ZETA, EPSILON] as const),
      );
    }
    for (let inner = 0; inner < options.inner; inner++) relax(kernels, places, width, height);
  }
  for (let y = 0; y < height; y++) {
    const row = (y + 1) * stride + LEFT;
    flow.u.set(system.u.subarray(row, row + width), y * width);
    flow.v.set(system.v.subarray(row, row + width), y * width);
  }
}

/**
 * The linear system of a step, in planes with a border, so that no pixel needs a test: the motion that is sought, u and v; a12, b1
 * and b2; one over each of the two diagonals; smoothness between a pixel and the one to its right, and the one below it.
 */
interface SystemPlaces {
  readonly start: number;
  /** Values from one row to the next. */
  readonly stride: number;
  /** Bytes from one plane to the next. */
  readonly plane: number;
  /** The place of a row of the first plane. */
  readonly row: (y: number) => number;
}

const SYSTEM_PLANES = 9;
/** Values before the first pixel of a row. */
const LEFT = 4;

function planSystem(layout: Layout, { width, height }: Flow): SystemPlaces {
  // Four pixels are computed at once: those behind the last one of a row belong to the border.
  const stride = 4 * Math.ceil((width + 1) / 4);
  const plane = 4 * (stride * (height + 2) + LEFT);
  const start = layout.reserve((SYSTEM_PLANES * plane) / 4);
  return { start, stride, plane, row: (y) => start + 4 * ((y + 1) * stride + LEFT) };
}

interface System {
  readonly width: number;
  readonly height: number;
  readonly stride: number;
  readonly u: Float32Array;
  readonly v: Float32Array;
  /** Smoothness; none across the border. */
  readonly right: Float32Array;
  readonly down: Float32Array;
}

function openSystem(
  { floats }: Kernels,
  { start, stride, plane }: SystemPlaces,
  { width, height, u, v }: Flow,
): System {
  floats.fill(0, start / 4, (start + SYSTEM_PLANES * plane) / 4);
  const planeOf = (index: number) => floats.subarray((start + index * plane) / 4, (start + (index + 1) * plane) / 4);
  const system = { width, height, stride, u: planeOf(0), v: planeOf(1), right: planeOf(7), down: planeOf(8) };
  for (let y = 0; y < height; y++) {
    system.u.set(u.subarray(y * width, (y + 1) * width), (y + 1) * stride + LEFT);
    system.v.set(v.subarray(y * width, (y + 1) * width), (y + 1) * stride + LEFT);
  }
  return system;
}

/** Derivatives in space, of the mean of the picture and the warped other one, and in time, between the two: as `dataTerms` has them. */
function linearise(from: Plane, to: Plane, flow: Flow): Float32Array[] {
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
  return [
    ...[first.x.data, first.y.data, change.data],
    ...[second.x.data, second.y.data, gradients(first.y).y.data],
    ...[changeGradients.x.data, changeGradients.y.data],
  ];
}

function smoothnessWeights({ width, height, stride, u, v, right, down }: System, alpha: number): void {
  const local = new Float32Array(u.length);
  for (let y = 0; y < height; y++) {
    const row = (y + 1) * stride + LEFT;
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
    const row = (y + 1) * stride + LEFT;
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
function relax(kernels: Kernels, { row, stride, plane }: SystemPlaces, width: number, height: number): void {
  for (const colour of [0, 1]) {
    for (let y = 0; y < height; y++) {
      kernels.relax(row(y), width, 4 * stride, plane, (y + colour) & 1, OVER_RELAXATION);
    }
  }
}
