import type { ClipNormalization } from './clip-normalization.ts';
import type { RgbImage } from './image.ts';

/**
 * Computes the input of the image encoder as diffusers' SVD pipeline does: the whole image, with any aspect ratio, is blurred
 * with a Gaussian, resized to a square by bicubic interpolation without clamping, and normalised.
 *
 * @param image the photo, not resized
 * @param size side of the result in pixels, `image_size` of the image encoder
 * @returns `[1, 3, size, size]`
 * @see diffusers `StableVideoDiffusionPipeline._encode_image` and `_resize_with_antialiasing`
 */
export function clipPixelValues(
  image: RgbImage,
  size: number,
  { image_mean: mean, image_std: std }: ClipNormalization,
): Float32Array {
  const { width, height, data } = image;
  const across = resizingTaps(width, size);
  const down = resizingTaps(height, size);

  // Blur and interpolation are linear and separable: one pass for each direction, only at the sampled positions.
  const rows = new Float32Array(height * size * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < size; x++) {
      const first = across.starts[x]!;
      const last = across.starts[x + 1]!;
      let r = 0;
      let g = 0;
      let b = 0;
      for (let k = first; k < last; k++) {
        const weight = across.weights[k]!;
        const at = (y * width + across.sources[k]!) * 3;
        r += weight * data[at]!;
        g += weight * data[at + 1]!;
        b += weight * data[at + 2]!;
      }
      const to = (y * size + x) * 3;
      rows[to] = r;
      rows[to + 1] = g;
      rows[to + 2] = b;
    }
  }

  const pixels = new Float32Array(3 * size * size);
  const sums = new Float64Array(size * 3);
  for (let y = 0; y < size; y++) {
    sums.fill(0);
    for (let k = down.starts[y]!; k < down.starts[y + 1]!; k++) {
      const weight = down.weights[k]!;
      const at = down.sources[k]! * size * 3;
      for (let i = 0; i < sums.length; i++) sums[i] = sums[i]! + weight * rows[at + i]!;
    }
    for (let c = 0; c < 3; c++) {
      const [shift, scale] = [mean[c]!, std[c]!];
      for (let x = 0; x < size; x++) {
        pixels[(c * size + y) * size + x] = (sums[x * 3 + c]! / 255 - shift) / scale;
      }
    }
  }
  return pixels;
}

/** A linear map along one axis: output `o` is the sum of `weights[k] · input[sources[k]]` with `starts[o] ≤ k < starts[o+1]`. */
interface Taps {
  readonly starts: readonly number[];
  readonly sources: readonly number[];
  readonly weights: readonly number[];
}

/** Gaussian blur with reflected borders, then bicubic sampling with clamped borders and aligned corners. */
function resizingTaps(from: number, to: number): Taps {
  const blur = gaussian(Math.max((from / to - 1) / 2, 0.001));
  const radius = (blur.length - 1) / 2;
  const taps = { starts: [0], sources: [] as number[], weights: [] as number[] };
  const dense = new Float64Array(from);
  for (let o = 0; o < to; o++) {
    const at = to > 1 ? (o * (from - 1)) / (to - 1) : 0;
    const base = Math.floor(at);
    const touched = new Set<number>();
    bicubic(at - base).forEach((weight, tap) => {
      const centre = Math.min(Math.max(base + tap - 1, 0), from - 1);
      blur.forEach((share, i) => {
        const source = reflect(centre + i - radius, from);
        dense[source] = dense[source]! + weight * share;
        touched.add(source);
      });
    });
    for (const source of touched) {
      taps.sources.push(source);
      taps.weights.push(dense[source]!);
      dense[source] = 0;
    }
    taps.starts.push(taps.sources.length);
  }
  return taps;
}

function gaussian(sigma: number): number[] {
  const wanted = Math.trunc(Math.max(4 * sigma, 3));
  const length = wanted % 2 === 0 ? wanted + 1 : wanted;
  const values = Array.from({ length }, (_, i) => Math.exp(-((i - (length - 1) / 2) ** 2) / (2 * sigma ** 2)));
  const sum = values.reduce((a, b) => a + b, 0);
  return values.map((value) => value / sum);
}

/** The weights of the four neighbours for a position `t` after the second: Keys' kernel with a = −0.75, as in PyTorch. */
function bicubic(t: number): number[] {
  const a = -0.75;
  const near = (d: number) => ((a + 2) * d - (a + 3)) * d * d + 1;
  const far = (d: number) => ((a * d - 5 * a) * d + 8 * a) * d - 4 * a;
  return [far(t + 1), near(t), near(1 - t), far(2 - t)];
}

/** Mirrors an index into 0…length − 1 without repeating the border. */
function reflect(index: number, length: number): number {
  if (length === 1) return 0;
  const period = 2 * (length - 1);
  const folded = ((index % period) + period) % period;
  return folded < length ? folded : period - folded;
}
