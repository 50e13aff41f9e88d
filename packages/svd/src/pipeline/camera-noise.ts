import type { CameraMoveName } from '@cinematica/settings';
import type { ModelCard } from '../checkpoint/model-card.ts';
import type { LatentSize } from './decode.ts';

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
    let sum = 0;
    forEachPosition((i, sign) => (sum += sign * noise[i]!));
    const shift = numbers[n]! / camera.scale - sum / (frames * place);
    forEachPosition((i, sign) => (changed[i]! += sign * shift));

    function forEachPosition(visit: (index: number, sign: number) => void): void {
      for (let frame = 0; frame < frames; frame++) {
        const first = (frame * channels + channel) * place;
        for (let at = 0; at < place; at++) visit(first + at, ((at % width) + Math.floor(at / width)) % 2 ? -1 : 1);
      }
    }
  }
  return changed;
}
