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
  const enlarger = createEnlarger(source, width, height);
  const target = new Float32Array(3 * width * height);
  for (let y = 0; y < height; y++) enlarger.row(y, target.subarray(3 * y * width, 3 * (y + 1) * width));
  return target;
}

/** Gives the rows of {@link resizeLanczos} one by one, so that the whole picture need not lie in memory. */
export function createEnlarger(source: RgbPixels, width: number, height: number) {
  const rows = resizeRows(source, width);
  const taps = lanczosTaps(source.height, height);
  const stride = 3 * width;
  const last = source.height - 1;
  return {
    row(y: number, target: Float32Array): void {
      target.fill(0);
      for (let k = 0; k < taps.count; k++) {
        const weight = taps.weights[y * taps.count + k]!;
        if (weight === 0) continue;
        const at = Math.min(Math.max(taps.starts[y]! + k, 0), last) * stride;
        for (let x = 0; x < stride; x++) target[x]! += weight * rows[at + x]!;
      }
    },
  };
}

function resizeRows({ width: from, height, data }: RgbPixels, width: number): Float32Array {
  const { count, starts, weights } = lanczosTaps(from, width);
  const target = new Float32Array(3 * width * height);
  const margin = count + 1;
  const padded = new Float32Array(3 * (from + 2 * margin));
  for (let y = 0; y < height; y++) {
    for (let x = -margin; x < from + margin; x++) {
      const at = 3 * (y * from + Math.min(Math.max(x, 0), from - 1));
      const to = 3 * (x + margin);
      padded[to] = data[at]!;
      padded[to + 1] = data[at + 1]!;
      padded[to + 2] = data[at + 2]!;
    }
    for (let x = 0; x < width; x++) {
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
      const to = 3 * (y * width + x);
      target[to] = r;
      target[to + 1] = g;
      target[to + 2] = b;
    }
  }
  return target;
}

function lanczosTaps(from: number, to: number): Taps {
  const scale = Math.max(1, from / to);
  const count = 2 * Math.ceil(LOBES * scale) + 1;
  const starts = new Int32Array(to);
  const weights = new Float32Array(to * count);
  for (let i = 0; i < to; i++) {
    const centre = ((i + 0.5) * from) / to - 0.5;
    const start = Math.floor(centre) - (count >> 1) + (centre % 1 >= 0.5 ? 1 : 0);
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
