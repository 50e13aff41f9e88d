/** Interleaved RGB of 8-bit or floating-point values. */
export interface RgbPixels {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array | Float32Array;
}

/** The parameter of the cubic kernel: Keys' own choice, exact for quadratic functions. */
const A = -0.5;

/**
 * Samples a picture at (x, y) with a cubic kernel over 4×4 pixels and writes three values to `target` from `at` on.
 * Pixel centres lie at whole numbers; outside, the border pixels are repeated.
 */
export function sampleBicubic(source: RgbPixels, x: number, y: number, target: Float32Array, at: number): void {
  const { width, height, data } = source;
  const px = x < 0 ? 0 : x > width - 1 ? width - 1 : x;
  const py = y < 0 ? 0 : y > height - 1 ? height - 1 : y;
  const left = px | 0;
  const top = py | 0;
  const fx = px - left;
  const fy = py - top;
  const gx = 1 - fx;
  const gy = 1 - fy;
  const x0 = A * fx * gx * gx;
  const x3 = A * gx * fx * fx;
  const x1 = ((A + 2) * fx - (A + 3)) * fx * fx + 1;
  const x2 = 1 - x0 - x1 - x3;
  const y0 = A * fy * gy * gy;
  const y3 = A * gy * fy * fy;
  const y1 = ((A + 2) * fy - (A + 3)) * fy * fy + 1;
  const y2 = 1 - y0 - y1 - y3;
  const c0 = 3 * (left > 0 ? left - 1 : 0);
  const c1 = 3 * left;
  const c2 = 3 * (left + 1 < width ? left + 1 : width - 1);
  const c3 = 3 * (left + 2 < width ? left + 2 : width - 1);
  const stride = 3 * width;
  let r = 0;
  let g = 0;
  let b = 0;
  for (let k = 0; k < 4; k++) {
    const line = top - 1 + k;
    const row = (line < 0 ? 0 : line < height ? line : height - 1) * stride;
    const w = k === 0 ? y0 : k === 1 ? y1 : k === 2 ? y2 : y3;
    const i0 = row + c0;
    const i1 = row + c1;
    const i2 = row + c2;
    const i3 = row + c3;
    r += w * (x0 * data[i0]! + x1 * data[i1]! + x2 * data[i2]! + x3 * data[i3]!);
    g += w * (x0 * data[i0 + 1]! + x1 * data[i1 + 1]! + x2 * data[i2 + 1]! + x3 * data[i3 + 1]!);
    b += w * (x0 * data[i0 + 2]! + x1 * data[i1 + 2]! + x2 * data[i2 + 2]! + x3 * data[i3 + 2]!);
  }
  target[at] = r;
  target[at + 1] = g;
  target[at + 2] = b;
}
