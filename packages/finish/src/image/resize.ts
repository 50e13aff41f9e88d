import type { RgbPixels } from './bicubic.ts';
import { createScratch } from './scratch.ts';

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
  const enlarger = createEnlarger(source, width, height);
  const target = new Float32Array(3 * width * height);
  for (let y = 0; y < height; y++) enlarger.row(y, target.subarray(3 * y * width, 3 * (y + 1) * width));
  return target;
}

/** Gives the rows of {@link resizeLanczos} one by one, so that the whole picture need not lie in memory. One at a time. */
export function createEnlarger(source: RgbPixels, width: number, height: number) {
  const rows = resizeRows(source, width);
  const taps = lanczosTaps(source.height, height);
  const stride = 3 * width;
  const last = source.height - 1;
  const line = (y: number, k: number): number => Math.min(Math.max(taps.starts[y]! + k, 0), last) * stride;
  return {
    row(y: number, target: Float32Array): void {
      const { count, weights } = taps;
      // Three at once: each pass reads and writes the whole target.
      for (let k = 0; k < count; k += 3) {
        const [i, j] = [Math.min(k + 1, count - 1), Math.min(k + 2, count - 1)];
        const [a, b, c] = [line(y, k), line(y, i), line(y, j)];
        const wa = weights[y * count + k]!;
        const wb = k + 1 < count ? weights[y * count + i]! : 0;
        const wc = k + 2 < count ? weights[y * count + j]! : 0;
        if (k === 0) {
          for (let x = 0; x < stride; x++) target[x] = wa * rows[a + x]! + wb * rows[b + x]! + wc * rows[c + x]!;
        } else {
          for (let x = 0; x < stride; x++) target[x]! += wa * rows[a + x]! + wb * rows[b + x]! + wc * rows[c + x]!;
        }
      }
    },
  };
}

const rowsMemory = createScratch();

function resizeRows({ width: from, height, data }: RgbPixels, width: number): Float32Array {
  const { count, starts, weights } = lanczosTaps(from, width);
  const target = rowsMemory.floats(3 * width * height);
  const margin = count + 1;
  const padded = new Float32Array(3 * (from + 2 * margin));
  for (let y = 0; y < height; y++) {
    const row = 3 * y * from;
    const end = row + 3 * (from - 1);
    padded.set(data.subarray(row, row + 3 * from), 3 * margin);
    for (let x = 0; x < 3 * margin; x += 3) {
      for (let k = 0; k < 3; k++) {
        padded[x + k] = data[row + k]!;
        padded[3 * (margin + from) + x + k] = data[end + k]!;
      }
    }
    for (let x = 0, to = 3 * y * width; x < width; x++, to += 3) {
      let r = 0;
      let g = 0;
      let b = 0;
      let at = 3 * (starts[x]! + margin);
      for (let k = x * count; k < (x + 1) * count; k++, at += 3) {
        const weight = weights[k]!;
        r += weight * padded[at]!;
        g += weight * padded[at + 1]!;
        b += weight * padded[at + 2]!;
      }
      target[to] = r;
      target[to + 1] = g;
      target[to + 2] = b;
    }
  }
  return target;
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
