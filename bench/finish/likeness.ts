import type { RgbImage } from '@cinematica/svd';
import { luma } from '../nano/luma.ts';

/** Peak signal-to-noise ratio of two pictures of 8-bit values, dB. */
export function psnr(a: Uint8Array, b: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2;
  return 10 * Math.log10(255 ** 2 / Math.max(sum / a.length, 1e-3));
}

export interface Likeness {
  /** dB. */
  readonly psnr: number;
  /** Of brightness (Wang et al. 2004), with windows of 8×8 pixels every 4 pixels. */
  readonly ssim: number;
}

/**
 * How alike two pictures are in a part of them.
 * @param mask one value for each pixel; those of `wanted` are compared.
 * @returns null where there is nothing to compare.
 */
export function likenessWhere(a: RgbImage, b: RgbImage, mask: Uint8Array, wanted: number): Likeness | null {
  let [sum, count] = [0, 0];
  for (let i = 0; i < mask.length; i++) {
    if (mask[i] !== wanted) continue;
    for (let k = 3 * i; k < 3 * i + 3; k++) sum += (a.data[k]! - b.data[k]!) ** 2;
    count += 3;
  }
  const windows = ssimWindows(a, b, mask, wanted);
  if (count === 0 || windows.length === 0) return null;
  return { psnr: 10 * Math.log10(255 ** 2 / Math.max(sum / count, 1e-3)), ssim: mean(windows) };
}

const SIDE = 8;
const AREA = SIDE * SIDE;
const [C1, C2] = [(0.01 * 255) ** 2, (0.03 * 255) ** 2];

/** Structural similarity of each window that lies in the part by more than nine tenths. */
function ssimWindows(first: RgbImage, second: RgbImage, mask: Uint8Array, wanted: number): number[] {
  const [{ data: a, width, height }, { data: b }] = [luma(first), luma(second)];
  const values: number[] = [];
  for (let top = 0; top + SIDE <= height; top += SIDE / 2) {
    for (let left = 0; left + SIDE <= width; left += SIDE / 2) {
      let [inside, sumA, sumB, sumAA, sumBB, sumAB] = [0, 0, 0, 0, 0, 0];
      for (let y = top; y < top + SIDE; y++) {
        for (let i = y * width + left; i < y * width + left + SIDE; i++) {
          const [p, q] = [a[i]!, b[i]!];
          if (mask[i] === wanted) inside++;
          sumA += p;
          sumB += q;
          sumAA += p * p;
          sumBB += q * q;
          sumAB += p * q;
        }
      }
      if (inside < 0.9 * AREA) continue;
      const [meanA, meanB] = [sumA / AREA, sumB / AREA];
      const variances = sumAA / AREA - meanA * meanA + sumBB / AREA - meanB * meanB;
      const covariance = sumAB / AREA - meanA * meanB;
      const [light, structure] = [2 * meanA * meanB + C1, 2 * covariance + C2];
      values.push((light * structure) / ((meanA * meanA + meanB * meanB + C1) * (variances + C2)));
    }
  }
  return values;
}

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
