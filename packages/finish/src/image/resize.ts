import { createLayout, openKernels } from '../kernels/kernels.ts';
import type { Layout, Kernels } from '../kernels/kernels.ts';
import type { RgbPixels } from './bicubic.ts';

/** Lanczos: lobes to each side. */
const LOBES = 3;

/** For each place along a side: where its source pixels begin, and their weights. */
interface Taps {
  readonly count: number;
  readonly starts: Int32Array;
  readonly weights: Float32Array;
}

/**
 * A picture at another size, by a Lanczos kernel with three lobes, widened where the picture is made smaller. The border
 * pixels are repeated. Interleaved RGB, not rounded and not clamped.
 */
export function resizeLanczos(source: RgbPixels, width: number, height: number): Float32Array {
  const layout = createLayout();
  const enlarger = planEnlarger(layout, source, width, height);
  const row = layout.reserve(3 * width);
  const kernels = openKernels(layout);
  const enlarge = enlarger.start(kernels);
  const target = new Float32Array(3 * width * height);
  for (let y = 0; y < height; y++) {
    enlarge(y, row);
    target.set(kernels.floats.subarray(row / 4, row / 4 + 3 * width), 3 * y * width);
  }
  return target;
}

/**
 * Gives the rows of {@link resizeLanczos} one by one, so that the whole picture need not lie in memory.
 * @param layout has room for what this needs afterwards.
 */
export function planEnlarger(layout: Layout, source: RgbPixels, width: number, height: number) {
  const across = lanczosTaps(source.width, width);
  const down = lanczosTaps(source.height, height);
  // So many pixels are repeated at each border.
  const margin = across.count + 1;
  const places = {
    starts: layout.reserve(width),
    weights: layout.reserve(across.weights.length),
    padded: layout.reserve(3 * (source.width + 2 * margin)),
    // The lines of the source that a row is made of, wide already.
    wide: Array.from({ length: down.count }, () => layout.reserve(3 * width)),
  };
  const last = source.height - 1;
  return {
    /** @returns the function that writes a row to a place. Kernels are cheapest in order. */
    start(kernels: Kernels): (y: number, target: number) => void {
      const { integers, floats } = kernels;
      for (let x = 0; x < width; x++) integers[places.starts / 4 + x] = 12 * (across.starts[x]! + margin);
      floats.set(across.weights, places.weights / 4);
      const held = new Int32Array(down.count).fill(-1);
      /** The place of a line of the source, wide. */
      const line = (wanted: number): number => {
        const number = Math.min(Math.max(wanted, 0), last);
        const slot = number % down.count;
        if (held[slot] !== number) {
          padRow(source, number, margin, floats, places.padded / 4);
          kernels.widen(places.wide[slot]!, width, places.padded, across.count, places.starts, places.weights);
          held[slot] = number;
        }
        return places.wide[slot]!;
      };
      const { count, starts, weights } = down;
      return (y, target) => {
        for (let k = 0; k < count; k += 3) {
          const place = (n: number): number => line(starts[y]! + Math.min(k + n, count - 1));
          const weight = (n: number): number => (k + n < count ? weights[y * count + k + n]! : 0);
          kernels.blend(
            target,
            3 * width,
            k > 0 ? 1 : 0,
            place(0),
            weight(0),
            place(1),
            weight(1),
            place(2),
            weight(2),
          );
        }
      };
    },
  };
}

/** Writes a row of a picture with its border pixels repeated. */
function padRow({ width, data }: RgbPixels, y: number, margin: number, target: Float32Array, at: number): void {
  const from = 3 * y * width;
  const end = from + 3 * (width - 1);
  target.set(data.subarray(from, from + 3 * width), at + 3 * margin);
  for (let x = 0; x < 3 * margin; x += 3) {
    for (let k = 0; k < 3; k++) {
      target[at + x + k] = data[from + k]!;
      target[at + 3 * (margin + width) + x + k] = data[end + k]!;
    }
  }
}

function lanczosTaps(from: number, to: number): Taps {
  const scale = Math.max(1, from / to);
  const count = 2 * Math.ceil(LOBES * scale);
  const starts = new Int32Array(to);
  const weights = new Float32Array(to * count);
  for (let i = 0; i < to; i++) {
    const centre = ((i + 0.5) * from) / to - 0.5;
    const start = Math.floor(centre) - (count >> 1) + 1;
    let sum = 0;
    for (let k = 0; k < count; k++) sum += weights[i * count + k] = lanczos((start + k - centre) / scale);
    for (let k = 0; k < count; k++) weights[i * count + k]! /= sum;
    starts[i] = start;
  }
  return { count, starts, weights };
}

function lanczos(x: number): number {
  if (x === 0) return 1;
  if (Math.abs(x) >= LOBES) return 0;
  const t = Math.PI * x;
  return (LOBES * Math.sin(t) * Math.sin(t / LOBES)) / (t * t);
}
