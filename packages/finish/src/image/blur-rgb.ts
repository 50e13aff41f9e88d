import { blur } from './blur.ts';
import { createPlane } from './plane.ts';
import type { RgbPixels } from './bicubic.ts';

/** Gaussian blur of each colour of interleaved RGB, with the border pixels repeated. */
export function blurRgb({ width, height, data }: RgbPixels, sigma: number): Float32Array {
  const target = new Float32Array(data.length);
  const plane = createPlane(width, height);
  for (let channel = 0; channel < 3; channel++) {
    for (let i = 0, j = channel; j < data.length; i++, j += 3) plane.data[i] = data[j]!;
    const blurred = blur(plane, sigma).data;
    for (let i = 0, j = channel; j < data.length; i++, j += 3) target[j] = blurred[i]!;
  }
  return target;
}
