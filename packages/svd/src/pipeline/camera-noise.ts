import type { CameraMoveName } from '@cinematica/settings';
import type { ModelCard } from '../checkpoint/model-card.ts';
import { normals } from '../random/philox.ts';
import type { RandomKey } from '../random/philox.ts';
import type { LatentSize } from './decode.ts';
import type { SegmentSettings } from './settings.ts';

/** The key of the initial noise of a segment. */
export const initialNoiseKey = (
  { seed, segment }: Pick<SegmentSettings, 'seed' | 'segment'>,
  { sharedNoise }: Pick<ModelCard, 'sharedNoise'>,
): RandomKey => ({ seed, segment: sharedNoise ? 0 : segment, step: 0, tensor: 'latents' });

/**
 * Sets the numbers of a camera move in initial noise. Everything else of the noise is kept, so that it still depends on the
 * seed. See `CameraNoise` for the meaning of the numbers.
 *
 * @param noise standard normal numbers, `[frames, channels, height, width]`; not changed
 * @param camera the declaration of the model card
 * @returns the new noise; the same array without a camera move
 * @throws RangeError when the model does not support the camera move
 */
export function withCameraMove(
  noise: Float32Array,
  { channels, height, width }: LatentSize,
  camera: ModelCard['camera'],
  move: CameraMoveName | undefined,
): Float32Array {
  if (move === undefined) return noise;
  const numbers = camera?.moves[move];
  if (!camera || !numbers) throw new RangeError(`the model does not support the camera move ${move}`);
  const place = height * width;
  const frames = noise.length / (channels * place);
  const changed = noise.slice();
  for (const [n, channel] of camera.channels.entries()) {
    const planes = Array.from({ length: frames }, (_, frame) => (frame * channels + channel) * place);
    const sum = planes.reduce((all, at) => all + patternOf(noise.subarray(at, at + place), width, 0), 0);
    const shift = numbers[n]! / camera.scale - sum / (frames * place);
    for (const at of planes) {
      for (let i = 0; i < place; i++) changed[at + i]! += signAt(i, width) * shift;
    }
  }
  return changed;
}

/** The number of noise values that are drawn in one turn, which takes about a millisecond. */
const DRAWN_AT_ONCE = 2 ** 13;

/**
 * The numbers by which the initial noise of a seed moves the camera, see `CameraNoise`. Only the channels that carry them are
 * drawn, a part in each turn.
 */
export function* cameraNumbers(
  key: RandomKey,
  frames: number,
  { channels, height, width }: LatentSize,
  camera: NonNullable<ModelCard['camera']>,
): Generator<undefined, number[], undefined> {
  const place = height * width;
  const sums = camera.channels.map(() => 0);
  for (let frame = 0; frame < frames; frame++) {
    for (const [n, channel] of camera.channels.entries()) {
      const plane = (frame * channels + channel) * place;
      for (let first = 0; first < place; first += DRAWN_AT_ONCE) {
        const length = Math.min(DRAWN_AT_ONCE, place - first);
        sums[n]! += patternOf(normals(key, length, plane + first), width, first);
        yield;
      }
    }
  }
  return sums.map((sum) => (camera.scale * sum) / (frames * place));
}

/** 1 where x + y is even, −1 where it is odd. */
const signAt = (i: number, width: number): number => (((i % width) + Math.floor(i / width)) % 2 ? -1 : 1);

/** The sum of a part of a plane times the checkerboard pattern. @param first where the part begins in the plane */
function patternOf(part: Float32Array, width: number, first: number): number {
  let sum = 0;
  for (let i = 0; i < part.length; i++) sum += signAt(first + i, width) * part[i]!;
  return sum;
}
