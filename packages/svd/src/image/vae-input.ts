import type { RgbImage } from './image.ts';

/**
 * Computes the input of the autoencoder: the image in −1…1 plus noise, in float32 arithmetic as in diffusers.
 *
 * @param image the photo, resized to the size of the video
 * @param noise standard normal numbers with the shape of the result
 * @param strength `noise_aug_strength`, ≥ 0
 * @returns `[1, 3, height, width]`
 * @throws RangeError when the noise has another length
 * @see diffusers `StableVideoDiffusionPipeline.__call__` and `VideoProcessor.preprocess`
 */
export function vaeInput({ width, height, data }: RgbImage, noise: Float32Array, strength: number): Float32Array {
  const plane = width * height;
  if (noise.length !== 3 * plane) {
    throw new RangeError(`noise for ${width}×${height} must have ${3 * plane} numbers, not ${noise.length}`);
  }
  const scaled = Math.fround(strength);
  const levels = Float32Array.from({ length: 256 }, (_, level) => 2 * Math.fround(level / 255) - 1);
  const values = new Float32Array(3 * plane);
  for (let c = 0; c < 3; c++) {
    for (let i = 0; i < plane; i++) {
      const at = c * plane + i;
      values[at] = levels[data[i * 3 + c]!]! + Math.fround(scaled * noise[at]!);
    }
  }
  return values;
}
