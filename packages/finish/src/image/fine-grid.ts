import { sharedMemory } from '../kernels/kernels.ts';
import type { RgbPixels } from './bicubic.ts';

/**
 * A picture on a grid of twice its resolution: even rows and columns are the picture's own, odd ones lie half-way. Four
 * values around a place then give what sixteen of the picture itself give, and the picture's own places stay exact.
 */
export interface FineGrid {
  /** `2 · side − 1` of the picture. */
  readonly width: number;
  readonly height: number;
  /** Interleaved RGB in parts of 1 / {@link FINE_GRID_UNIT}, at the start of `memory`. */
  readonly data: Int16Array;
  readonly memory: WebAssembly.Memory;
}

/** Values of −255 to 255, with the overshoot of the kernel, fill 16 bits. */
export const FINE_GRID_UNIT = 64;

/** Lanczos with three lobes, half-way between two pixels: the weights of the nearest pixel on either side, and so on. */
const HALF_WAY = [0.61141, -0.13587, 0.02446] as const;

/** The values half-way are interpolated with a Lanczos kernel; the border pixels are repeated. */
export function createFineGrid({ width, height, data }: RgbPixels): FineGrid {
  const [fineWidth, fineHeight] = [2 * width - 1, 2 * height - 1];
  const stride = 3 * fineWidth;
  const memory = sharedMemory(Int16Array.BYTES_PER_ELEMENT * stride * fineHeight);
  const target = new Int16Array(memory.buffer, 0, stride * fineHeight);
  // The rows that an odd row lies between, wide already.
  const rows = Array.from({ length: 2 * HALF_WAY.length }, () => new Float32Array(stride));
  const widened = (y: number): Float32Array => rows[((y % rows.length) + rows.length) % rows.length]!;
  const widen = (y: number): void => {
    const from = y * 3 * width;
    widenRow(data.subarray(from, from + 3 * width), widened(y));
  };
  for (let y = 0; y < Math.min(HALF_WAY.length, height); y++) widen(y);
  const store = (row: Float32Array, y: number): void => {
    const at = y * stride;
    for (let i = 0; i < stride; i++) {
      const value = Math.round(FINE_GRID_UNIT * row[i]!);
      target[at + i] = value > 32767 ? 32767 : value < -32768 ? -32768 : value;
    }
  };
  const between = new Float32Array(stride);
  for (let y = 0; y < height; y++) {
    store(widened(y), 2 * y);
    if (y === height - 1) break;
    if (y + HALF_WAY.length < height) widen(y + HALF_WAY.length);
    between.fill(0);
    for (const [k, weight] of HALF_WAY.entries()) {
      const above = widened(Math.max(y - k, 0));
      const below = widened(Math.min(y + 1 + k, height - 1));
      for (let i = 0; i < stride; i++) between[i]! += weight * (above[i]! + below[i]!);
    }
    store(between, 2 * y + 1);
  }
  return { width: fineWidth, height: fineHeight, data: target, memory };
}

function widenRow(row: RgbPixels['data'], target: Float32Array): void {
  const last = row.length / 3 - 1;
  for (let x = 0; x <= last; x++) {
    for (let k = 0; k < 3; k++) {
      target[6 * x + k] = row[3 * x + k]!;
      if (x === last) continue;
      let sum = 0;
      for (let reach = 0; reach < HALF_WAY.length; reach++) {
        const left = 3 * Math.max(x - reach, 0) + k;
        const right = 3 * Math.min(x + 1 + reach, last) + k;
        sum += HALF_WAY[reach]! * (row[left]! + row[right]!);
      }
      target[6 * x + 3 + k] = sum;
    }
  }
}
