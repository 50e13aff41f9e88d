import { blur } from '../image/blur.ts';
import { createPlane } from '../image/plane.ts';
import type { Plane } from '../image/plane.ts';

/** Numbers from 0 to 1 that are the same each time (xorshift). */
export function randomNumbers(seed: number): () => number {
  let state = seed * 2654435761 + 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** Smooth random structure of several sizes, brightness about 128. */
export function texture(width: number, height: number, seed = 1): Plane {
  const random = randomNumbers(seed);
  const sum = createPlane(width, height);
  for (const [sigma, strength] of [
    [1.5, 90],
    [4, 250],
    [10, 600],
  ] as const) {
    const noise = createPlane(width, height);
    for (let i = 0; i < noise.data.length; i++) noise.data[i] = strength * (random() - 0.5);
    const smooth = blur(noise, sigma);
    for (let i = 0; i < sum.data.length; i++) sum.data[i]! += smooth.data[i]!;
  }
  for (let i = 0; i < sum.data.length; i++) sum.data[i] = Math.min(Math.max(128 + sum.data[i]!, 0), 255);
  return sum;
}

/** A grey picture, interleaved RGB. */
export function greyPicture({ width, height, data }: Plane): { width: number; height: number; data: Uint8Array } {
  const rgb = new Uint8Array(3 * width * height);
  for (let i = 0; i < data.length; i++) rgb.fill(Math.round(data[i]!), 3 * i, 3 * i + 3);
  return { width, height, data: rgb };
}
