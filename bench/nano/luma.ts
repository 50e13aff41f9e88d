import type { RgbImage } from '@cinematica/svd';

/** Brightness of a picture, 0…255, row by row. */
export interface Luma {
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array;
}

/** Computes brightness with the weights of Rec. 709, without gamma correction. */
export function luma({ width, height, data }: RgbImage): Luma {
  const grey = new Float32Array(width * height);
  for (let i = 0; i < grey.length; i++) {
    grey[i] = 0.2126 * data[3 * i]! + 0.7152 * data[3 * i + 1]! + 0.0722 * data[3 * i + 2]!;
  }
  return { width, height, data: grey };
}

/** The bilinearly interpolated value at a position; NaN outside of the picture. */
export function at({ width, height, data }: Luma, x: number, y: number): number {
  if (!(x >= 0 && y >= 0 && x <= width - 1 && y <= height - 1)) return NaN;
  const [left, top] = [Math.min(Math.floor(x), width - 2), Math.min(Math.floor(y), height - 2)];
  const [u, v, i] = [x - left, y - top, top * width + left];
  const [a, b, c, d] = [data[i]!, data[i + 1]!, data[i + width]!, data[i + width + 1]!];
  return (a * (1 - u) + b * u) * (1 - v) + (c * (1 - u) + d * u) * v;
}
