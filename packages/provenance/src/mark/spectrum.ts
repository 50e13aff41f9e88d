import { createFft } from './fft.ts';

/** The spectrum of a picture whose origin is its centre, with about the same power at neighbouring frequencies. */
export interface Spectrum {
  /** The size of the picture in pixels. */
  readonly width: number;
  readonly height: number;
  /**
   * Reads the spectrum between its samples.
   * @param fx, fy periods in a pixel, -0.5 to 0.5.
   * @param into the real and the imaginary part are written to `into[at]` and `into[at + 1]`; 0 outside.
   */
  read(fx: number, fy: number, into: Float64Array, at: number): void;
}

/** The spectrum is measured at this many samples for each one that the picture has, at least. */
const DENSITY = 1.5;
/** Power is averaged over this many times the width of a sample to each side. */
const SMOOTH = 20;
/** The share of each side that is faded out, so that the border makes no lines. */
const FADE = 0.06;

/** @param picture values around 0, `[height, width]`. */
export function computeSpectrum(picture: Float32Array, width: number, height: number): Spectrum {
  const columns = powerOfTwo(DENSITY * width);
  const rows = powerOfTwo(DENSITY * height);
  // A real picture has the same at opposite frequencies, so that half of the columns suffice: from 0 to columns / 2.
  const stride = columns / 2 + 1;
  const re = new Float32Array(stride * rows);
  const im = new Float32Array(stride * rows);
  transformRows(picture, width, height, columns, rows, re, im);
  const fft = createFft(rows);
  for (let x = 0; x < stride; x++) fft.transform(re, im, x, stride);
  flatten(re, im, stride, rows, SMOOTH);

  return {
    width,
    height,
    read(fx, fy, into, at) {
      // The other half has the conjugate of the opposite frequency.
      const sign = fx < 0 ? -1 : 1;
      const x = sign * fx * columns;
      const y = sign * fy * rows;
      const left = Math.floor(x);
      const top = Math.floor(y);
      if (left + 1 >= stride || Math.abs(y) > rows / 2 - 1) {
        into[at] = 0;
        into[at + 1] = 0;
        return;
      }
      const wx = x - left;
      const wy = y - top;
      const above = ((top + rows) & (rows - 1)) * stride + left;
      const below = ((top + 1 + rows) & (rows - 1)) * stride + left;
      const w00 = (1 - wx) * (1 - wy);
      const w01 = wx * (1 - wy);
      const w10 = (1 - wx) * wy;
      const w11 = wx * wy;
      into[at] = w00 * re[above]! + w01 * re[above + 1]! + w10 * re[below]! + w11 * re[below + 1]!;
      into[at + 1] = sign * (w00 * im[above]! + w01 * im[above + 1]! + w10 * im[below]! + w11 * im[below + 1]!);
    },
  };
}

const powerOfTwo = (least: number): number => 2 ** Math.ceil(Math.log2(least));

/** Transforms the rows of a picture, two at a time as one complex row, with the picture's centre at the origin. */
function transformRows(
  picture: Float32Array,
  width: number,
  height: number,
  columns: number,
  rows: number,
  re: Float32Array,
  im: Float32Array,
): void {
  const fft = createFft(columns);
  const stride = columns / 2 + 1;
  const a = new Float32Array(columns);
  const b = new Float32Array(columns);
  const fadeX = fadeOf(width);
  const fadeY = fadeOf(height);
  const middleX = width >> 1;
  const middleY = height >> 1;
  const place = (y: number): number => ((y - middleY + rows) & (rows - 1)) * stride;
  for (let y = 0; y < height; y += 2) {
    a.fill(0);
    b.fill(0);
    const two = y + 1 < height;
    for (let x = 0; x < width; x++) {
      const at = (x - middleX + columns) & (columns - 1);
      a[at] = picture[y * width + x]! * fadeX[x]! * fadeY[y]!;
      if (two) b[at] = picture[(y + 1) * width + x]! * fadeX[x]! * fadeY[y + 1]!;
    }
    fft.transform(a, b, 0, 1);
    const first = place(y);
    const second = place(y + 1);
    for (let x = 0; x < stride; x++) {
      const opposite = (columns - x) & (columns - 1);
      re[first + x] = (a[x]! + a[opposite]!) / 2;
      im[first + x] = (b[x]! - b[opposite]!) / 2;
      if (!two) continue;
      re[second + x] = (b[x]! + b[opposite]!) / 2;
      im[second + x] = (a[opposite]! - a[x]!) / 2;
    }
  }
}

/** From 0 at both ends to 1 (Tukey's window). */
function fadeOf(length: number): Float32Array {
  const reach = Math.max(1, FADE * length);
  return Float32Array.from({ length }, (_, i) => {
    const distance = Math.min(i, length - 1 - i) + 0.5;
    return distance >= reach ? 1 : 0.5 - 0.5 * Math.cos((Math.PI * distance) / reach);
  });
}

/** Divides a spectrum by its strength around each frequency. */
function flatten(re: Float32Array, im: Float32Array, stride: number, rows: number, reach: number): void {
  const power = new Float32Array(re.length);
  for (let i = 0; i < power.length; i++) power[i] = re[i]! * re[i]! + im[i]! * im[i]!;
  const line = new Float64Array(Math.max(stride, rows));
  // Along a row the ends are mirrored; along a column the frequencies go round.
  for (let y = 0; y < rows; y++) slide(power, line, y * stride, 1, stride, reach, mirrored);
  for (let x = 0; x < stride; x++) slide(power, line, x, stride, rows, reach, around);
  for (let i = 0; i < power.length; i++) {
    const scale = 1 / Math.sqrt(power[i]! + 1e-12);
    re[i]! *= scale;
    im[i]! *= scale;
  }
}

const mirrored = (i: number, length: number): number => (i < 0 ? -i : i >= length ? 2 * length - 2 - i : i);
const around = (i: number, length: number): number => (i + length) % length;

/** The mean of a window along a line, in place. */
function slide(
  data: Float32Array,
  line: Float64Array,
  from: number,
  step: number,
  length: number,
  wanted: number,
  index: (i: number, length: number) => number,
): void {
  const reach = Math.min(wanted, (length >> 1) - 1);
  for (let i = 0; i < length; i++) line[i] = data[from + i * step]!;
  let sum = 0;
  for (let i = -reach; i <= reach; i++) sum += line[index(i, length)]!;
  for (let i = 0; i < length; i++) {
    data[from + i * step] = sum / (2 * reach + 1);
    sum += line[index(i + reach + 1, length)]! - line[index(i - reach, length)]!;
  }
}
