import { blur } from './image/blur.ts';
import type { Plane } from './image/plane.ts';

/** Blurs under which the first frame is compared with the photo, in pixels. */
const SIGMAS = [0, 0.7, 1, 1.4, 2, 2.8, 4];
/** A frame is as good as the photo where it explains this much of the photo's structure at that sharpness. */
const EXPLAINED = 0.97;
const LIGHT = 8;

/**
 * How sharp the model's frames are: the least blur, in pixels, under which the first frame is as good as the photo at
 * its size. 0 for frames that lost nothing but their size.
 */
export function fidelityOf(photo: Plane, first: Plane): number {
  const [lightPhoto, lightFirst] = [blur(photo, LIGHT), blur(first, LIGHT)];
  for (const sigma of SIGMAS) {
    const [a, b] = sigma > 0 ? [blur(photo, sigma), blur(first, sigma)] : [photo, first];
    let error = 0;
    let energy = 0;
    for (let i = 0; i < a.data.length; i++) {
      const p = a.data[i]! - lightPhoto.data[i]!;
      const q = b.data[i]! - lightFirst.data[i]!;
      error += (p - q) ** 2;
      energy += p * p;
    }
    if (error <= (1 - EXPLAINED) * energy + a.data.length) return sigma;
  }
  return SIGMAS.at(-1)!;
}
