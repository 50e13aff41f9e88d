import { blur } from './image/blur.ts';
import type { Plane } from './image/plane.ts';

/** The limits of the frequency bands that are compared: standard deviations of blurs, in pixels. */
const SIGMAS = [0, 0.7, 1, 1.4, 2, 2.8, 4];
/** A frequency band of the first frame matches the photo's when the error is at most `1 - EXPLAINED` of the band's energy. */
const EXPLAINED = 0.99;
/** The variance of a band that rounding to 8 bits accounts for. */
const ROUNDING = 0.5;

/**
 * Measures how blurred the model's frames are: the smallest standard deviation of a Gaussian blur, in pixels, after which the
 * finest detail of the first frame matches that of the photo, scaled down to the frame's size. 0 for frames that lost no
 * detail beyond the scaling.
 */
export function fidelityOf(photo: Plane, first: Plane): number {
  for (const sigma of SIGMAS) {
    const [a, b] = [band(photo, sigma), band(first, sigma)];
    let error = 0;
    let energy = 0;
    for (let i = 0; i < a.length; i++) {
      error += (a[i]! - b[i]!) ** 2;
      energy += a[i]! ** 2;
    }
    if (error <= (1 - EXPLAINED) * energy + ROUNDING * a.length) return sigma;
  }
  return SIGMAS.at(-1)!;
}

/** The difference of two blurs, of which the second is twice as wide: one frequency band of the picture. */
function band(plane: Plane, sigma: number): Float32Array {
  const fine = sigma > 0 ? blur(plane, sigma) : plane;
  const coarse = blur(plane, Math.max(1, 2 * sigma));
  return fine.data.map((value, i) => value - coarse.data[i]!);
}
