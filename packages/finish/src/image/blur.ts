import { createPlane } from './plane.ts';
import type { Plane } from './plane.ts';

/**
 * Gaussian blur, with the border pixels repeated.
 * @param sigma standard deviation in pixels; the kernel reaches three of them to each side.
 */
export function blur(source: Plane, sigma: number): Plane {
  const { width, height } = source;
  const kernel = gaussianKernel(sigma);
  const target = createPlane(width, height);
  const rows = createPlane(width, height);
  convolveRows(source.data, rows.data, width, height, kernel);
  convolveColumns(rows.data, target.data, width, height, kernel);
  return target;
}

/** The weights at distances 0, 1, 2, …; the whole symmetric kernel sums to 1. */
function gaussianKernel(sigma: number): Float32Array {
  const radius = Math.max(1, Math.ceil(3 * sigma));
  const half = Float32Array.from({ length: radius + 1 }, (_, i) => Math.exp(-(i * i) / (2 * sigma * sigma)));
  const sum = half.reduce((total, weight, i) => total + (i === 0 ? weight : 2 * weight), 0);
  return half.map((weight) => weight / sum);
}

function convolveRows(source: Float32Array, target: Float32Array, width: number, height: number, half: Float32Array) {
  const radius = half.length - 1;
  const padded = new Float32Array(width + 2 * radius);
  for (let y = 0; y < height; y++) {
    const row = y * width;
    padded.fill(source[row]!, 0, radius);
    padded.set(source.subarray(row, row + width), radius);
    padded.fill(source[row + width - 1]!, radius + width);
    for (let x = 0; x < width; x++) {
      const at = x + radius;
      let sum = half[0]! * padded[at]!;
      for (let k = 1; k <= radius; k++) sum += half[k]! * (padded[at - k]! + padded[at + k]!);
      target[row + x] = sum;
    }
  }
}

function convolveColumns(
  source: Float32Array,
  target: Float32Array,
  width: number,
  height: number,
  half: Float32Array,
) {
  const radius = half.length - 1;
  for (let y = 0; y < height; y++) {
    const row = y * width;
    for (let x = 0; x < width; x++) target[row + x] = half[0]! * source[row + x]!;
    for (let k = 1; k <= radius; k++) {
      const weight = half[k]!;
      const above = Math.max(0, y - k) * width;
      const below = Math.min(height - 1, y + k) * width;
      for (let x = 0; x < width; x++) target[row + x]! += weight * (source[above + x]! + source[below + x]!);
    }
  }
}
