import type { RgbImage } from '../image/image.ts';
import type { Conditioning } from './conditioning.ts';

/**
 * The linear map from a latent's channels to RGB that fits a photo best (least squares), so that estimates of it can be
 * shown without a decoder, whatever the model's latents are.
 * @param latents of the photo, scaled as the denoiser's are, `[channels, height, width]`.
 * @param photo the photo at the latents' size.
 * @returns `[channels + 1, 3]`, row by row; the last row is the offset.
 */
export function fitPreviewMap(latents: Float32Array, channels: number, photo: RgbImage): Float32Array {
  const positions = photo.width * photo.height;
  const size = channels + 1;
  const value = (row: number, at: number) => (row === channels ? 1 : (latents[row * positions + at] ?? 0));
  // Normal equations, with a ridge so small that it only decides where the photo does not.
  const width = size + 3;
  const system = new Float64Array(size * width);
  const accumulate = (row: number, column: number, amount: number) => {
    const at = row * width + column;
    system[at] = (system[at] ?? 0) + amount;
  };
  for (let at = 0; at < positions; at++) {
    for (let row = 0; row < size; row++) {
      const x = value(row, at);
      for (let column = 0; column < size; column++) accumulate(row, column, x * value(column, at));
      for (let c = 0; c < 3; c++) accumulate(row, size + c, x * (photo.data[at * 3 + c] ?? 0));
    }
  }
  for (let row = 0; row < size; row++) {
    accumulate(row, row, 1e-6 * ((system[row * width + row] ?? 0) + positions));
  }
  return solve(system, size, width);
}

/** Gauss-Jordan over rows `[A | B]` to `A⁻¹ B`; A is symmetric and positive, so that no pivot needs looking for. */
function solve(system: Float64Array, size: number, width: number): Float32Array {
  for (let pivot = 0; pivot < size; pivot++) {
    const line = system.subarray(pivot * width, (pivot + 1) * width);
    const factor = 1 / (line[pivot] ?? 1);
    for (let column = 0; column < width; column++) line[column] = (line[column] ?? 0) * factor;
    for (let row = 0; row < size; row++) {
      if (row === pivot) continue;
      const other = system.subarray(row * width, (row + 1) * width);
      const share = other[pivot] ?? 0;
      for (let column = 0; column < width; column++) {
        other[column] = (other[column] ?? 0) - share * (line[column] ?? 0);
      }
    }
  }
  const solution = Array.from({ length: size }, (_, row) => system.subarray(row * width + size, (row + 1) * width));
  return Float32Array.from(solution.flatMap((row) => [...row]));
}

/** Frames of a preview, spread over the video: a single one says little of a movement. */
export const PREVIEW_FRAMES = 8;

/**
 * A small picture of some frames of an estimate: one pixel a latent.
 * @param x0 the estimate of the clean latents, `[frames, channels, height, width]`.
 * @param count how many frames, spread evenly, the first and the last among them.
 */
export function preview(conditioning: Conditioning, x0: Float32Array, count = PREVIEW_FRAMES): RgbImage[] {
  const { channels, height, width, previewMap } = conditioning;
  const positions = height * width;
  const frames = x0.length / (channels * positions);
  const chosen = Math.min(count, frames);
  return Array.from({ length: chosen }, (_, i) => {
    const frame = chosen === 1 ? 0 : Math.round((i * (frames - 1)) / (chosen - 1));
    const data = new Uint8Array(positions * 3);
    for (let at = 0; at < positions; at++) {
      for (let c = 0; c < 3; c++) {
        let sum = previewMap[channels * 3 + c] ?? 0;
        for (let k = 0; k < channels; k++) {
          sum += (x0[(frame * channels + k) * positions + at] ?? 0) * (previewMap[k * 3 + c] ?? 0);
        }
        data[at * 3 + c] = Math.min(255, Math.max(0, Math.round(sum)));
      }
    }
    return { width, height, data };
  });
}
