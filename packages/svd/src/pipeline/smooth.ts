import type { LatentSize } from './decode.ts';

/** Standard deviation of the Gaussian, in latent pixels. Structures smaller than about 30 pixels count as detail. */
const SIGMA = 2;
const RADIUS = 2 * SIGMA;
const TAPS = 2 * RADIUS + 1;
const KERNEL = Float64Array.from({ length: TAPS }, (_, tap) => Math.exp(-((tap - RADIUS) ** 2) / (2 * SIGMA ** 2)));
const TOTAL = KERNEL.reduce((sum, weight) => sum + weight);
const WEIGHTS = KERNEL.map((weight) => weight / TOTAL);

/**
 * Applies a Gaussian blur to each frame and channel of latents `[frames, channels, height, width]`. At the borders they are
 * mirrored, so that the mean does not change.
 * @returns new latents with the same shape
 */
export function smooth(latents: Float32Array, { height, width }: LatentSize): Float32Array {
  return blurLines(blurLines(latents, width, 1), height, width);
}

/** Blurs lines of `length` values with a distance of `stride` between neighbours. */
function blurLines(values: Float32Array, length: number, stride: number): Float32Array {
  const result = new Float32Array(values.length);
  const sources = Int32Array.from({ length: length * TAPS }, (_, i) =>
    mirrored(Math.floor(i / TAPS) + (i % TAPS) - RADIUS, length),
  );
  for (let block = 0; block < values.length; block += length * stride) {
    for (let line = block; line < block + stride; line++) {
      for (let at = 0; at < length; at++) {
        let sum = 0;
        for (let tap = 0; tap < TAPS; tap++) sum += WEIGHTS[tap]! * values[line + stride * sources[at * TAPS + tap]!]!;
        result[line + at * stride] = sum;
      }
    }
  }
  return result;
}

/** Mirrors an index at the borders: −1 becomes 0, −2 becomes 1, `length` becomes `length` − 1. */
function mirrored(at: number, length: number): number {
  const turn = ((at % (2 * length)) + 2 * length) % (2 * length);
  return turn < length ? turn : 2 * length - 1 - turn;
}
