import type { PhotoDetail } from './detail.ts';
import { sampleBicubic } from './image/bicubic.ts';
import { blurRgb } from './image/blur-rgb.ts';
import type { Flow, Plane } from './image/plane.ts';
import { resizeLanczos } from './image/resize.ts';
import { resizeFlow, resizeBilinear } from './flow/pyramid.ts';

/** Below this trust, detail is not worth its time. */
const LEAST_TRUST = 0.01;

/**
 * A picture of the video at its own size.
 * @param frame the model's picture, interleaved RGB from 0 to 255.
 * @param motion from each of its pixels to its place in the photo, and how far to trust it; null without a photo.
 */
export function renderPicture(
  frame: { width: number; height: number; data: Float32Array },
  photo: PhotoDetail | null,
  motion: { toPhoto: Flow; trust: Plane } | null,
  outWidth: number,
  outHeight: number,
): Uint8Array<ArrayBuffer> {
  const base = photo && motion ? withoutReplaced(frame, photo.replaced, motion.trust) : frame;
  const same = base.width === outWidth && base.height === outHeight;
  const picture = same ? Float32Array.from(base.data) : resizeLanczos(base, outWidth, outHeight);
  if (photo && motion) addDetail(picture, photo, motion.toPhoto, motion.trust, outWidth, outHeight);
  return toBytes(picture);
}

/** Where the photo's structure is trusted, it takes the place of the frame's own. */
function withoutReplaced(frame: { width: number; height: number; data: Float32Array }, sigma: number, trust: Plane) {
  if (sigma === 0) return frame;
  const smooth = blurRgb(frame, sigma);
  for (let i = 0, j = 0; j < smooth.length; i++) {
    const w = 1 - trust.data[i]!;
    for (let k = 0; k < 3; k++, j++) smooth[j]! += w * (frame.data[j]! - smooth[j]!);
  }
  return { ...frame, data: smooth };
}

function addDetail(
  picture: Float32Array,
  { detail }: PhotoDetail,
  motion: Flow,
  trust: Plane,
  width: number,
  height: number,
): void {
  const { u, v } = resizeFlow(motion, width, height);
  const weights = resizeBilinear(trust, width, height).data;
  const sample = new Float32Array(3);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const weight = weights[i]!;
      if (weight < LEAST_TRUST) continue;
      sampleBicubic(detail, x + u[i]!, y + v[i]!, sample, 0);
      picture[3 * i]! += weight * sample[0]!;
      picture[3 * i + 1]! += weight * sample[1]!;
      picture[3 * i + 2]! += weight * sample[2]!;
    }
  }
}

function toBytes(picture: Float32Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8ClampedArray(picture.length);
  bytes.set(picture);
  return new Uint8Array(bytes.buffer);
}
