import type { RgbImage } from '@cinematica/svd';
import { luma } from './luma.ts';

/** Peak signal-to-noise ratio over all color channels, in dB. */
export function psnr(a: RgbImage, b: RgbImage): number {
  let sum = 0;
  for (let i = 0; i < a.data.length; i++) sum += (a.data[i]! - b.data[i]!) ** 2;
  return 10 * Math.log10(255 ** 2 / (sum / a.data.length));
}

/** Structural similarity of brightness (Wang et al. 2004), with box windows of 8×8 every 4 pixels instead of a Gaussian. */
export function ssim(first: RgbImage, second: RgbImage): number {
  const [a, b] = [luma(first), luma(second)];
  const [c1, c2, side] = [(0.01 * 255) ** 2, (0.03 * 255) ** 2, 8];
  const values: number[] = [];
  for (let top = 0; top + side <= a.height; top += side / 2) {
    for (let left = 0; left + side <= a.width; left += side / 2) {
      let [sa, sb, saa, sbb, sab] = [0, 0, 0, 0, 0];
      for (let y = top; y < top + side; y++) {
        for (let x = left; x < left + side; x++) {
          const [p, q] = [a.data[y * a.width + x]!, b.data[y * a.width + x]!];
          sa += p;
          sb += q;
          saa += p * p;
          sbb += q * q;
          sab += p * q;
        }
      }
      const n = side * side;
      const [ma, mb] = [sa / n, sb / n];
      const [va, vb, cov] = [saa / n - ma * ma, sbb / n - mb * mb, sab / n - ma * mb];
      values.push(((2 * ma * mb + c1) * (2 * cov + c2)) / ((ma * ma + mb * mb + c1) * (va + vb + c2)));
    }
  }
  return mean(values);
}

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
