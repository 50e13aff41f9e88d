import type { LatentSize } from './decode.ts';

/** Standard deviation of the Gaussian, in latents: what is finer than some 30 pixels is detail. */
const SIGMA = 2;
const RADIUS = 2 * SIGMA;
const TAPS = 2 * RADIUS + 1;
const BELL = Float64Array.from({ length: TAPS }, (_, tap) => Math.exp(-((tap - RADIUS) ** 2) / (2 * SIGMA ** 2)));
const TOTAL = BELL.reduce((sum, weight) => sum + weight);
const WEIGHTS = BELL.map((weight) => weight / TOTAL);

/**
 * Each plane of latents `[frames, channels, height, width]` under a Gaussian. At its borders a plane is mirrored, so that
 * its mean stays what it was.
 * @returns new latents of that shape.
 */
export function smooth(latents: Float32Array, { height, width }: LatentSize): Float32Array {
  return alongLines(alongLines(latents, width, 1), height, width);
}

/** Along lines of `length` values that lie `stride` apart. */
function alongLines(values: Float32Array, length: number, stride: number): Float32Array {
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

/** -1 is 0, -2 is 1, `length` is `length` - 1. */
function mirrored(at: number, length: number): number {
  const turn = ((at % (2 * length)) + 2 * length) % (2 * length);
  return turn < length ? turn : 2 * length - 1 - turn;
}
