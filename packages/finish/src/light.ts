import { halve, resizeBilinear } from './flow/pyramid.ts';
import type { RgbPixels } from './image/bicubic.ts';
import { blur } from './image/blur.ts';
import { createPlane } from './image/plane.ts';
import type { Flow, Plane } from './image/plane.ts';
import { warpPlane } from './image/sample.ts';

/** The coarse structure of a picture, at half its size: one plane for each colour. */
export type SoftPicture = readonly [Plane, Plane, Plane];

/** @param sigma standard deviation of the blur, in pixels of the picture. */
export function soften({ width, height, data }: RgbPixels, sigma: number): SoftPicture {
  const plane = createPlane(width, height);
  return eachColour((channel) => {
    for (let i = 0, j = channel; j < data.length; i++, j += 3) plane.data[i] = data[j]!;
    return blur(halve(plane), sigma / 2);
  });
}

/** The coarse structure of the photo where a frame shows it. */
export const moveSoft = (soft: SoftPicture, motion: Flow): SoftPicture =>
  eachColour((channel) => warpPlane(soft[channel], motion));

export const enlargeSoft = (soft: SoftPicture, width: number, height: number): SoftPicture =>
  eachColour((channel) => resizeBilinear(soft[channel], width, height));

/** How a frame's light differs from the photo's. */
export function lightOf(frame: SoftPicture, photo: SoftPicture): SoftPicture {
  return eachColour((channel) => {
    const [a, b] = [frame[channel], photo[channel]];
    const difference = createPlane(a.width, a.height);
    for (let i = 0; i < difference.data.length; i++) difference.data[i] = a.data[i]! - b.data[i]!;
    return difference;
  });
}

/** Weights of a frame and of those one and two frames away: a binomial kernel. */
const KERNEL = [6, 4, 1] as const;

/** The frames on each side whose light counts. */
export const LIGHT_REACH = KERNEL.length - 1;

/**
 * The light of a frame, smoothed along time, so that the model's flicker does not show in places that the photo fills.
 * @param lights of the frame and its neighbours, in order, with their trust: where it is low, light says nothing.
 * @param at which of them is the frame.
 */
export function steadyLight(
  lights: readonly { readonly light: SoftPicture; readonly trust: Plane }[],
  at: number,
): SoftPicture {
  const weighted = lights.map(({ light, trust }, i) => ({
    light,
    trust: trust.data,
    kernel: KERNEL[Math.abs(i - at)]!,
  }));
  const { width, height } = lights[at]!.trust;
  return eachColour((channel) => {
    const steady = createPlane(width, height);
    for (let i = 0; i < steady.data.length; i++) {
      let sum = 0;
      let total = 0;
      for (const { light, trust, kernel } of weighted) {
        const weight = kernel * (trust[i]! + 1e-3);
        sum += weight * light[channel].data[i]!;
        total += weight;
      }
      steady.data[i] = sum / total;
    }
    return steady;
  });
}

export const mixSoft = (a: SoftPicture, b: SoftPicture, time: number): SoftPicture =>
  eachColour((channel) => {
    const [from, to] = [a[channel], b[channel]];
    return { ...from, data: from.data.map((value, i) => value + time * (to.data[i]! - value)) };
  });

const eachColour = (make: (channel: 0 | 1 | 2) => Plane): SoftPicture => [make(0), make(1), make(2)];
