import type { RgbImage } from '../image/image.ts';
import type { Conditioning } from './conditioning.ts';

/**
 * Fits a linear map from latent channels to RGB by least squares, so that estimates of the latents can be shown without the
 * decoder. It works for any autoencoder.
 * @param latents scaled latents of the photo, `[channels, height, width]`
 * @param photo the photo, resized to the size of the latents
 * @returns `[channels + 1, 3]`, row-major; the last row is the offset
 */
export function fitPreviewMap(latents: Float32Array, channels: number, photo: RgbImage): Float32Array {
  const positions = photo.width * photo.height;
  const size = channels + 1;
  const value = (row: number, at: number) => (row === channels ? 1 : (latents[row * positions + at] ?? 0));
  // The normal equations. The small ridge term only matters if the photo does not determine the map.
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

/** Computes `A⁻¹ B` from rows `[A | B]` by Gauss-Jordan elimination. A is positive definite, so it needs no pivoting. */
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

/** Default number of frames in a preview; several are necessary to show motion. */
export const PREVIEW_FRAMES = 8;

/**
 * Renders a preview: some frames of an estimate, with one pixel per latent position.
 * @param x0 the estimate of the clean latents, `[frames, channels, height, width]`
 * @param count number of frames, evenly spaced from the first to the last
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
