import type { Flow, Plane } from '../image/plane.ts';

const SIDE = 8;
const AREA = SIDE * SIDE;

/** How the patches of one level are searched for. */
export interface PatchSearchOptions {
  /** Pixels between neighbouring patches, 1 to 8. */
  readonly stride: number;
  /** The most steps of gradient descent for a patch. */
  readonly iterations: number;
}

/** The motion of patches on a regular grid. */
export interface PatchGrid {
  readonly columns: number;
  readonly rows: number;
  /** The left or top border of each column or row of patches. */
  readonly lefts: Int32Array;
  readonly tops: Int32Array;
  readonly u: Float32Array;
  readonly v: Float32Array;
}

/**
 * Dense inverse search, step one: every 8×8 patch of `from` is found in `to` by inverse-compositional gradient descent,
 * from its own motion in `start` or from that of a neighbour that fits better (Kroeger et al. 2016, section 2.1).
 * Patches are compared without their means, so that a change of light is no motion.
 */
export function searchPatches(
  from: Plane,
  to: Plane,
  gradientX: Plane,
  gradientY: Plane,
  start: Flow,
  { stride, iterations }: PatchSearchOptions,
): PatchGrid {
  const { width, height } = from;
  const [lefts, tops] = [gridLine(width, stride), gridLine(height, stride)];
  const [columns, rows] = [lefts.length, tops.length];
  const grid: PatchGrid = {
    columns,
    rows,
    lefts,
    tops,
    u: new Float32Array(columns * rows),
    v: new Float32Array(columns * rows),
  };
  const costs = new Float32Array(columns * rows);
  const padded = pad(to);
  const patch = new Float32Array(AREA);
  const [gx, gy] = [new Float32Array(AREA), new Float32Array(AREA)];
  const found = { u: 0, v: 0, cost: 0 };

  for (const pass of [0, 1]) {
    for (let n = 0; n < columns * rows; n++) {
      const index = pass === 0 ? n : columns * rows - 1 - n;
      const [column, row] = [index % columns, Math.floor(index / columns)];
      const [left, top] = [lefts[column]!, tops[row]!];
      loadPatch(from, gradientX, gradientY, left, top, patch, gx, gy);
      let u: number;
      let v: number;
      let best: number;
      if (pass === 0) {
        const centre = (top + SIDE / 2) * width + left + SIDE / 2;
        u = start.u[centre]!;
        v = start.v[centre]!;
        best = patchCost(padded, patch, left, top, u, v);
      } else {
        u = grid.u[index]!;
        v = grid.v[index]!;
        best = costs[index]!;
      }
      const before = best;
      const step = pass === 0 ? -1 : 1;
      for (const axis of [0, 1]) {
        const there = axis === 0 ? column + step : row + step;
        if (there < 0 || there >= (axis === 0 ? columns : rows)) continue;
        const neighbour = index + (axis === 0 ? step : step * columns);
        const cost = patchCost(padded, patch, left, top, grid.u[neighbour]!, grid.v[neighbour]!);
        if (cost < best) {
          best = cost;
          u = grid.u[neighbour]!;
          v = grid.v[neighbour]!;
        }
      }
      // On the way back only a patch that took over a neighbour's motion has anything left to gain.
      if (pass === 0 || best < before) {
        descend(padded, patch, gx, gy, left, top, u, v, best, iterations, found);
        u = found.u;
        v = found.v;
        best = found.cost;
      }
      grid.u[index] = u;
      grid.v[index] = v;
      costs[index] = best;
    }
  }
  return grid;
}

/** Where patches begin along a side: every `stride` pixels, and one that ends with the side. */
function gridLine(length: number, stride: number): Int32Array {
  const last = length - SIDE;
  const count = Math.ceil(last / stride) + 1;
  return Int32Array.from({ length: count }, (_, i) => Math.min(i * stride, last));
}

/** A plane with its border pixels repeated, so that a patch that reaches out needs no test. */
interface Padded {
  readonly stride: number;
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array;
}

/** A patch may lie outside by its own side, and bilinear sampling reads one pixel more. */
const MARGIN = SIDE + 2;

function pad({ width, height, data }: Plane): Padded {
  const stride = width + 2 * MARGIN;
  const padded = new Float32Array(stride * (height + 2 * MARGIN));
  for (let y = -MARGIN; y < height + MARGIN; y++) {
    const source = Math.min(Math.max(y, 0), height - 1) * width;
    const row = (y + MARGIN) * stride;
    padded.fill(data[source]!, row, row + MARGIN);
    padded.set(data.subarray(source, source + width), row + MARGIN);
    padded.fill(data[source + width - 1]!, row + MARGIN + width, row + stride);
  }
  return { stride, width, height, data: padded };
}

function loadPatch(
  from: Plane,
  gradientX: Plane,
  gradientY: Plane,
  left: number,
  top: number,
  patch: Float32Array,
  gx: Float32Array,
  gy: Float32Array,
): void {
  let sum = 0;
  for (let y = 0, i = 0; y < SIDE; y++) {
    const row = (top + y) * from.width + left;
    for (let x = 0; x < SIDE; x++, i++) {
      const value = from.data[row + x]!;
      patch[i] = value;
      gx[i] = gradientX.data[row + x]!;
      gy[i] = gradientY.data[row + x]!;
      sum += value;
    }
  }
  const mean = sum / AREA;
  for (let i = 0; i < AREA; i++) patch[i]! -= mean;
}

/** Sum of squared differences of the patches, each without its mean. */
function patchCost(to: Padded, patch: Float32Array, left: number, top: number, u: number, v: number): number {
  const px = Math.min(Math.max(left + u, -SIDE), to.width) + MARGIN;
  const py = Math.min(Math.max(top + v, -SIDE), to.height) + MARGIN;
  const [ix, iy] = [px | 0, py | 0];
  const [wx, wy] = [px - ix, py - iy];
  const { data, stride } = to;
  const [w00, w01] = [(1 - wx) * (1 - wy), wx * (1 - wy)];
  const [w10, w11] = [(1 - wx) * wy, wx * wy];
  let sum = 0;
  let squares = 0;
  for (let y = 0, i = 0; y < SIDE; y++) {
    let at = (iy + y) * stride + ix;
    for (let x = 0; x < SIDE; x++, i++, at++) {
      const value = w00 * data[at]! + w01 * data[at + 1]! + w10 * data[at + stride]! + w11 * data[at + stride + 1]!;
      const difference = value - patch[i]!;
      sum += difference;
      squares += difference * difference;
    }
  }
  return squares - (sum * sum) / AREA;
}

function descend(
  to: Padded,
  patch: Float32Array,
  gx: Float32Array,
  gy: Float32Array,
  left: number,
  top: number,
  startU: number,
  startV: number,
  startCost: number,
  iterations: number,
  found: { u: number; v: number; cost: number },
): void {
  found.u = startU;
  found.v = startV;
  found.cost = startCost;
  let [hxx, hyy, hxy, sx, sy] = [0, 0, 0, 0, 0];
  for (let i = 0; i < AREA; i++) {
    const a = gx[i]!;
    const b = gy[i]!;
    hxx += a * a;
    hyy += b * b;
    hxy += a * b;
    sx += a;
    sy += b;
  }
  hxx -= (sx * sx) / AREA;
  hyy -= (sy * sy) / AREA;
  hxy -= (sx * sy) / AREA;
  // Where a patch shows nothing but noise, its motion is left to its neighbours.
  const damping = AREA;
  hxx += damping;
  hyy += damping;
  const determinant = hxx * hyy - hxy * hxy;
  if (determinant < 1e-3) return;
  const { data, stride } = to;
  let [u, v] = [startU, startV];
  for (let iteration = 0; iteration < iterations; iteration++) {
    const px = Math.min(Math.max(left + u, -SIDE), to.width) + MARGIN;
    const py = Math.min(Math.max(top + v, -SIDE), to.height) + MARGIN;
    const [ix, iy] = [px | 0, py | 0];
    const [wx, wy] = [px - ix, py - iy];
    const [w00, w01] = [(1 - wx) * (1 - wy), wx * (1 - wy)];
    const [w10, w11] = [(1 - wx) * wy, wx * wy];
    let [sum, squares, bx, by] = [0, 0, 0, 0];
    for (let y = 0, i = 0; y < SIDE; y++) {
      let at = (iy + y) * stride + ix;
      for (let x = 0; x < SIDE; x++, i++, at++) {
        const value = w00 * data[at]! + w01 * data[at + 1]! + w10 * data[at + stride]! + w11 * data[at + stride + 1]!;
        const difference = value - patch[i]!;
        sum += difference;
        squares += difference * difference;
        bx += difference * gx[i]!;
        by += difference * gy[i]!;
      }
    }
    const cost = squares - (sum * sum) / AREA;
    if (cost > found.cost * 1.0001 && iteration > 0) break;
    if (cost <= found.cost) {
      found.u = u;
      found.v = v;
      found.cost = cost;
    }
    const mean = sum / AREA;
    bx -= mean * sx;
    by -= mean * sy;
    const du = (hyy * bx - hxy * by) / determinant;
    const dv = (hxx * by - hxy * bx) / determinant;
    u -= du;
    v -= dv;
    // A patch that wandered off by more than its side found something else.
    if (Math.abs(u - startU) > SIDE || Math.abs(v - startV) > SIDE) {
      found.u = startU;
      found.v = startV;
      found.cost = startCost;
      return;
    }
    if (du * du + dv * dv < 1e-4) {
      found.u = u;
      found.v = v;
      break;
    }
  }
}

/**
 * Dense inverse search, step two: each pixel's motion is the mean of those of the patches over it, weighted by how well
 * each of them explains this pixel (Kroeger et al. 2016, section 2.2).
 */
export function densify(from: Plane, to: Plane, grid: PatchGrid, flow: Flow): void {
  const { width } = from;
  const padded = pad(to);
  const { data, stride } = padded;
  const weights = new Float32Array(flow.u.length);
  flow.u.fill(0);
  flow.v.fill(0);
  for (let row = 0, index = 0; row < grid.rows; row++) {
    for (let column = 0; column < grid.columns; column++, index++) {
      const [left, top, u, v] = [grid.lefts[column]!, grid.tops[row]!, grid.u[index]!, grid.v[index]!];
      const px = Math.min(Math.max(left + u, -SIDE), padded.width) + MARGIN;
      const py = Math.min(Math.max(top + v, -SIDE), padded.height) + MARGIN;
      const [ix, iy] = [px | 0, py | 0];
      const [wx, wy] = [px - ix, py - iy];
      const [w00, w01] = [(1 - wx) * (1 - wy), wx * (1 - wy)];
      const [w10, w11] = [(1 - wx) * wy, wx * wy];
      for (let y = 0; y < SIDE; y++) {
        let at = (iy + y) * stride + ix;
        let pixel = (top + y) * width + left;
        for (let x = 0; x < SIDE; x++, at++, pixel++) {
          const value = w00 * data[at]! + w01 * data[at + 1]! + w10 * data[at + stride]! + w11 * data[at + stride + 1]!;
          const weight = 1 / Math.max(1, Math.abs(value - from.data[pixel]!));
          weights[pixel]! += weight;
          flow.u[pixel]! += weight * u;
          flow.v[pixel]! += weight * v;
        }
      }
    }
  }
  for (let i = 0; i < weights.length; i++) {
    flow.u[i]! /= weights[i]!;
    flow.v[i]! /= weights[i]!;
  }
}
