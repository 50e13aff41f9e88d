import { createLayout, openKernels } from '../kernels/kernels.ts';
import { createPlane } from './plane.ts';
import type { Plane } from './plane.ts';

/**
 * Gaussian blur, with the border pixels repeated.
 * @param sigma standard deviation in pixels; the kernel reaches three of them to each side.
 */
export function blur(source: Plane, sigma: number): Plane {
  const { width, height, data } = source;
  const kernel = gaussianKernel(sigma);
  const radius = kernel.length - 1;
  const layout = createLayout();
  const weights = layout.reserve(kernel.length);
  const padded = layout.reserve(width + 2 * radius);
  const row = layout.reserve(width);
  // Blurred along the rows, with the first and the last row repeated.
  const rows = layout.reserve(width * (height + 2 * radius));
  const { floats, convolve } = openKernels(layout);
  floats.set(kernel, weights / 4);
  const stride = 4 * width;
  for (let y = 0; y < height; y++) {
    const line = data.subarray(y * width, (y + 1) * width);
    floats.fill(line[0]!, padded / 4, padded / 4 + radius);
    floats.set(line, padded / 4 + radius);
    floats.fill(line[width - 1]!, padded / 4 + radius + width, padded / 4 + 2 * radius + width);
    convolve(rows + (radius + y) * stride, width, padded + 4 * radius, 4, weights, radius);
  }
  const [first, last] = [rows / 4 + radius * width, rows / 4 + (radius + height - 1) * width];
  for (let y = 0; y < radius; y++) {
    floats.copyWithin(rows / 4 + y * width, first, first + width);
    floats.copyWithin(last + (y + 1) * width, last, last + width);
  }
  const target = createPlane(width, height);
  for (let y = 0; y < height; y++) {
    convolve(row, width, rows + (radius + y) * stride, stride, weights, radius);
    target.data.set(floats.subarray(row / 4, row / 4 + width), y * width);
  }
  return target;
}

/** The weights at distances 0, 1, 2, …; the whole symmetric kernel sums to 1. */
function gaussianKernel(sigma: number): Float32Array {
  const radius = Math.max(1, Math.ceil(3 * sigma));
  const half = Float32Array.from({ length: radius + 1 }, (_, i) => Math.exp(-(i * i) / (2 * sigma * sigma)));
  const sum = half.reduce((total, weight, i) => total + (i === 0 ? weight : 2 * weight), 0);
  return half.map((weight) => weight / sum);
}
