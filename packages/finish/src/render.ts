import type { PhotoDetail } from './detail.ts';
import { bilinearTaps } from './image/bilinear-taps.ts';
import type { BilinearTaps } from './image/bilinear-taps.ts';
import { sampleBicubic } from './image/bicubic.ts';
import { blurRgb } from './image/blur-rgb.ts';
import type { Flow, Plane } from './image/plane.ts';
import { createEnlarger } from './image/resize.ts';
import { resizeBilinear } from './flow/pyramid.ts';

/** Detail with less trust is left out, to save time. */
const LEAST_TRUST = 0.01;

/** Interleaved RGB from 0 to 255, not rounded. */
interface FloatPicture {
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array;
}

/**
 * A picture of the video at its own size, row by row.
 * @param frame the model's picture.
 * @param motion from each of its pixels to its place in the photo, and how far to trust it; null without a photo.
 */
export function renderPicture(
  frame: FloatPicture,
  photo: PhotoDetail | null,
  motion: { toPhoto: Flow; trust: Plane } | null,
  outWidth: number,
  outHeight: number,
): Uint8Array<ArrayBuffer> {
  const base = photo && motion ? withoutReplaced(frame, photo.replaced, motion.trust) : frame;
  const enlarger = createEnlarger(base, outWidth, outHeight);
  const detail = photo && motion ? createDetailer(photo, motion.toPhoto, motion.trust, outWidth, outHeight) : null;
  const row = new Float32Array(3 * outWidth);
  const bytes = new Uint8ClampedArray(3 * outWidth * outHeight);
  for (let y = 0; y < outHeight; y++) {
    enlarger.row(y, row);
    detail?.addTo(y, row);
    bytes.set(row, y * row.length);
  }
  return new Uint8Array(bytes.buffer);
}

/** Replaces the frame's own fine structure where the photo's is trusted. */
function withoutReplaced(frame: FloatPicture, sigma: number, trust: Plane): FloatPicture {
  if (sigma === 0) return frame;
  const smooth = blurRgb(frame, sigma);
  const weights = resizeBilinear(trust, frame.width, frame.height).data;
  for (let i = 0, j = 0; j < smooth.length; i++) {
    const w = 1 - weights[i]!;
    for (let k = 0; k < 3; k++, j++) smooth[j]! += w * (frame.data[j]! - smooth[j]!);
  }
  return { ...frame, data: smooth };
}

/** Adds the photo's detail to rows of the picture, where the motion leads to it and as far as it is trusted. */
function createDetailer({ detail }: PhotoDetail, motion: Flow, trust: Plane, width: number, height: number) {
  const columns = bilinearTaps(motion.width, width);
  const rows = bilinearTaps(motion.height, height);
  const trustColumns = bilinearTaps(trust.width, width);
  const trustRows = bilinearTaps(trust.height, height);
  const [scaleX, scaleY] = [width / motion.width, height / motion.height];
  // The motion of a row, between the two rows of the motion field around it.
  const u = new Float32Array(motion.width);
  const v = new Float32Array(motion.width);
  const w = new Float32Array(trust.width);
  const sample = new Float32Array(3);
  const between = (source: Float32Array, taps: BilinearTaps, y: number, scale: number, target: Float32Array): void => {
    const above = taps.low[y]! * target.length;
    const below = taps.high[y]! * target.length;
    const down = taps.weight[y]!;
    for (let x = 0; x < target.length; x++) {
      target[x] = scale * (source[above + x]! + down * (source[below + x]! - source[above + x]!));
    }
  };
  return {
    addTo(y: number, row: Float32Array): void {
      between(motion.u, rows, y, scaleX, u);
      between(motion.v, rows, y, scaleY, v);
      between(trust.data, trustRows, y, 1, w);
      for (let x = 0; x < width; x++) {
        const left = columns.low[x]!;
        const right = columns.high[x]!;
        const across = columns.weight[x]!;
        const near = w[trustColumns.low[x]!]!;
        const weight = near + trustColumns.weight[x]! * (w[trustColumns.high[x]!]! - near);
        if (weight < LEAST_TRUST) continue;
        const toX = x + u[left]! + across * (u[right]! - u[left]!);
        const toY = y + v[left]! + across * (v[right]! - v[left]!);
        sampleBicubic(detail, toX, toY, sample, 0);
        const at = 3 * x;
        row[at]! += weight * sample[0]!;
        row[at + 1]! += weight * sample[1]!;
        row[at + 2]! += weight * sample[2]!;
      }
    },
  };
}
