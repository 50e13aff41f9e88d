import { blur } from './image/blur.ts';
import type { Plane } from './image/plane.ts';

/** Where the bands of structure end that are compared one by one: standard deviations of blurs, in pixels. */
const SIGMAS = [0, 0.7, 1, 1.4, 2, 2.8, 4];
/** A band is as good as the photo's where the first frame explains this much of its energy. */
const EXPLAINED = 0.99;
/** The variance of a band that rounding to 8 bits accounts for. */
const ROUNDING = 0.5;

/**
 * How sharp the model's frames are: the least blur, in pixels, under which what is finest in the first frame is as good
 * as in the photo at its size. 0 for frames that lost nothing but their size.
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

/** What a blur leaves and one twice as wide does not. */
function band(plane: Plane, sigma: number): Float32Array {
  const fine = sigma > 0 ? blur(plane, sigma) : plane;
  const coarse = blur(plane, Math.max(1, 2 * sigma));
  return fine.data.map((value, i) => value - coarse.data[i]!);
}
