import { bilinearTaps } from '../image/bilinear-taps.ts';
import { createPlane } from '../image/plane.ts';
import type { Flow, Plane } from '../image/plane.ts';

/** A picture at falling resolutions, each half of the one before; the finest first. */
export type Pyramid = readonly Plane[];

/** No side of the coarsest level is shorter than this. */
const COARSEST_SIDE = 16;

export function buildPyramid(finest: Plane): Pyramid {
  const levels = [finest];
  for (let level = finest; Math.min(level.width, level.height) >= 2 * COARSEST_SIDE; levels.push(level)) {
    level = halve(level);
  }
  return levels;
}

/** Half the size, each pixel a tent-weighted mean over 4×4; an odd last row or column is repeated. */
export function halve({ width, height, data }: Plane): Plane {
  const half = createPlane((width + 1) >> 1, (height + 1) >> 1);
  const rows = new Float32Array(half.width * height);
  for (let y = 0; y < height; y++) {
    const from = y * width;
    for (let x = 0; x < half.width; x++) {
      const a = from + Math.max(0, 2 * x - 1);
      const b = from + 2 * x;
      const c = from + Math.min(width - 1, 2 * x + 1);
      const d = from + Math.min(width - 1, 2 * x + 2);
      rows[y * half.width + x] = 0.125 * (data[a]! + data[d]!) + 0.375 * (data[b]! + data[c]!);
    }
  }
  for (let y = 0; y < half.height; y++) {
    const [a, b] = [Math.max(0, 2 * y - 1) * half.width, 2 * y * half.width];
    const [c, d] = [Math.min(height - 1, 2 * y + 1) * half.width, Math.min(height - 1, 2 * y + 2) * half.width];
    for (let x = 0; x < half.width; x++) {
      half.data[y * half.width + x] = 0.125 * (rows[a + x]! + rows[d + x]!) + 0.375 * (rows[b + x]! + rows[c + x]!);
    }
  }
  return half;
}

/** A motion field at another resolution of the same picture, its vectors scaled with it. Bilinear. */
export function resizeFlow(flow: Flow, width: number, height: number): Flow {
  const [scaleX, scaleY] = [width / flow.width, height / flow.height];
  const scale = (from: Float32Array, factor: number) => {
    const to = resizeBilinear({ width: flow.width, height: flow.height, data: from }, width, height).data;
    for (let i = 0; i < to.length; i++) to[i] = to[i]! * factor;
    return to;
  };
  return { width, height, u: scale(flow.u, scaleX), v: scale(flow.v, scaleY) };
}

/** Bilinear, pixel centres at half integers, with the border pixels repeated. */
export function resizeBilinear(source: Plane, width: number, height: number): Plane {
  const target = createPlane(width, height);
  const columns = bilinearTaps(source.width, width);
  const rows = bilinearTaps(source.height, height);
  for (let y = 0; y < height; y++) {
    const above = rows.low[y]! * source.width;
    const below = rows.high[y]! * source.width;
    const down = rows.weight[y]!;
    for (let x = 0; x < width; x++) {
      const left = columns.low[x]!;
      const right = columns.high[x]!;
      const w = columns.weight[x]!;
      const top = source.data[above + left]! * (1 - w) + source.data[above + right]! * w;
      const bottom = source.data[below + left]! * (1 - w) + source.data[below + right]! * w;
      target.data[y * width + x] = top * (1 - down) + bottom * down;
    }
  }
  return target;
}
