import { createFlow } from '../image/plane.ts';
import type { Flow, Plane } from '../image/plane.ts';
import { gradients } from './gradients.ts';
import { densify, searchPatches } from './patch-search.ts';
import type { PatchSearchOptions } from './patch-search.ts';
import { resizeFlow } from './pyramid.ts';
import type { Pyramid } from './pyramid.ts';
import { refineVariational } from './variational.ts';
import type { VariationalOptions } from './variational.ts';

export interface FlowOptions extends PatchSearchOptions, VariationalOptions {
  /** The finest level that is searched. 0 is the picture's own size; 1 takes a quarter of the time and is almost as accurate. */
  readonly finest: number;
  /** Whether the motion is refined variationally at the next finer level, where nothing is searched. */
  readonly polish: boolean;
  /** With a start: how many levels are searched, from the finest. */
  readonly levelsWithStart: number;
}

export const FLOW_OPTIONS: FlowOptions = {
  finest: 1,
  polish: false,
  levelsWithStart: 2,
  stride: 4,
  iterations: 6,
  alpha: 30,
  delta: 5,
  gamma: 10,
  outer: 2,
  inner: 5,
};

/** Options for the photo's detail. It is finer than the frames' pixels, so the motion must be exact to fractions of a pixel. */
export const PRECISE_FLOW_OPTIONS: FlowOptions = {
  ...FLOW_OPTIONS,
  polish: true,
  iterations: 12,
  alpha: 20,
  outer: 3,
};

/**
 * The motion from each pixel of one picture to its place in another one: dense inverse search (Kroeger et al., "Fast
 * Optical Flow using Dense Inverse Search", ECCV 2016), coarse to fine, refined variationally at each level.
 * @param start a motion to start from, of any size; only the finest levels are searched then.
 * @returns the motion at the size of level `finest`, or of the level that polishes it, in the pixels of that level.
 * @throws RangeError if the motion is not finite.
 */
export function computeFlow(from: Pyramid, to: Pyramid, start: Flow | null = null, options = FLOW_OPTIONS): Flow {
  const finest = motionLevel(from, options);
  const coarsest = start ? Math.min(finest + options.levelsWithStart - 1, from.length - 1) : from.length - 1;
  let flow: Flow | null = start;
  for (let level = coarsest; level >= finest; level--) {
    const a = from[level]!;
    const b = to[level]!;
    const initial = flow ? resizeFlow(flow, a.width, a.height) : createFlow(a.width, a.height);
    flow = searchLevel(a, b, initial, options);
  }
  return finite(options.polish && finest > 0 ? polish(from[finest - 1]!, to[finest - 1]!, flow!, options) : flow!);
}

/** A motion that is not a number would make black frames. */
function finite(flow: Flow): Flow {
  let sum = 0;
  for (let i = 0; i < flow.u.length; i++) sum += flow.u[i]! + flow.v[i]!;
  if (!Number.isFinite(sum)) throw new RangeError('the motion between two frames is not finite');
  return flow;
}

function polish(from: Plane, to: Plane, start: Flow, options: FlowOptions): Flow {
  const flow = resizeFlow(start, from.width, from.height);
  refineVariational(from, to, flow, options);
  return flow;
}

/** The level of a pyramid whose size motion has. */
export const motionLevel = (pyramid: Pyramid, { finest } = FLOW_OPTIONS): number =>
  Math.min(finest, pyramid.length - 1);

function searchLevel(from: Plane, to: Plane, start: Flow, options: FlowOptions): Flow {
  const { x, y } = gradients(from);
  const grid = searchPatches(from, to, x, y, start, options);
  const flow = createFlow(from.width, from.height);
  densify(from, to, grid, flow);
  if (options.outer > 0) refineVariational(from, to, flow, options);
  return flow;
}
