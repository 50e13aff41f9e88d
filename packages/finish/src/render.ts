import type { PhotoDetail } from './detail.ts';
import { bilinearTaps } from './image/bilinear-taps.ts';
import type { BilinearTaps } from './image/bilinear-taps.ts';
import { FINE_GRID_UNIT } from './image/fine-grid.ts';
import type { FineGrid } from './image/fine-grid.ts';
import type { Flow, Plane } from './image/plane.ts';
import { createEnlarger } from './image/resize.ts';
import { resizeBilinear, resizeFlow } from './flow/pyramid.ts';
import { moveSoft } from './light.ts';
import type { SoftPicture } from './light.ts';
import type { PhotoMotion } from './photo-motion.ts';

/** Below this trust, detail is not worth its time. */
const LEAST_TRUST = 0.01;

/** Interleaved RGB from 0 to 255, not rounded. */
interface FloatPicture {
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array;
}

/** What a picture takes from the photo, and where. */
export interface PhotoLayer {
  readonly detail: FineGrid;
  /** In pixels of the frame. */
  readonly toPhoto: Flow;
  /** How much of the photo's detail is shown, 0 to 1. */
  readonly weights: Plane;
  /** The same for each pixel of the frame. */
  readonly frameWeights: Float32Array;
  /** The coarse structure in the frame's light, at the size of the weights; null where the frame keeps its own. */
  readonly coarse: SoftPicture | null;
}

/** @param width and `height` of the frame. */
export function createPhotoLayer(photo: PhotoDetail, motion: PhotoMotion, width: number, height: number): PhotoLayer {
  const { toPhoto, light } = motion;
  const weights = weightsOf(motion.trust);
  const coarse = photo.coarse && moveSoft(photo.coarse.picture, resizeFlow(toPhoto, weights.width, weights.height));
  for (const [channel, { data }] of coarse?.entries() ?? []) {
    for (let i = 0; i < data.length; i++) data[i]! += light![channel]!.data[i]!;
  }
  return { detail: photo.detail, toPhoto, weights, frameWeights: resizeBilinear(weights, width, height).data, coarse };
}

/** How much of the detail is shown for each trust: less than a clear share is noise, more than that is a sharp picture. */
const weightsOf = (trust: Plane): Plane => ({
  ...trust,
  data: trust.data.map((value) => Math.min(Math.max(GAIN * value - OFFSET, 0), 1)),
});
const GAIN = 2;
const OFFSET = 0.6;

/**
 * A picture of the video at its own size, row by row.
 * @param frame the model's picture; it is changed.
 * @param layer what comes from the photo; null without one.
 */
export function renderPicture(
  frame: FloatPicture,
  layer: PhotoLayer | null,
  outWidth: number,
  outHeight: number,
): Uint8Array<ArrayBuffer> {
  if (!layer && frame.width === outWidth && frame.height === outHeight) {
    return new Uint8Array(Uint8ClampedArray.from(frame.data).buffer);
  }
  if (layer?.coarse) showCoarse(frame, layer.coarse, layer.frameWeights);
  const enlarger = createEnlarger(frame, outWidth, outHeight);
  const detail = layer && createDetailer(layer, outWidth, outHeight);
  const row = new Float32Array(3 * outWidth);
  const bytes = new Uint8ClampedArray(3 * outWidth * outHeight);
  for (let y = 0; y < outHeight; y++) {
    enlarger.row(y, row);
    detail?.addTo(y, row);
    bytes.set(row, y * row.length);
  }
  return new Uint8Array(bytes.buffer);
}

/** Where the photo's structure is trusted, it takes the place of the frame's own. */
function showCoarse({ width, height, data }: FloatPicture, coarse: SoftPicture, weights: Float32Array): void {
  for (const [channel, plane] of coarse.entries()) {
    const soft = resizeBilinear(plane, width, height).data;
    for (let i = 0, j = channel; i < soft.length; i++, j += 3) data[j]! += weights[i]! * (soft[i]! - data[j]!);
  }
}

/** Adds the photo's detail to rows of the picture, where the motion leads to it and as far as it is trusted. */
function createDetailer(layer: PhotoLayer, width: number, height: number) {
  const { detail, toPhoto: motion, weights: trust } = layer;
  const columns = bilinearTaps(motion.width, width);
  const rows = bilinearTaps(motion.height, height);
  const trustColumns = bilinearTaps(trust.width, width);
  const trustRows = bilinearTaps(trust.height, height);
  const [scaleX, scaleY] = [width / motion.width, height / motion.height];
  // The motion of a row, between the two rows of the motion field around it.
  const u = new Float32Array(motion.width);
  const v = new Float32Array(motion.width);
  const w = new Float32Array(trust.width);
  const { data } = detail;
  const stride = 3 * detail.width;
  // A place on the border itself lies between the last two pixels, so that the four around it exist.
  const lastX = detail.width - 1 - 1e-3;
  const lastY = detail.height - 1 - 1e-3;
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
        const toX = 2 * (x + u[left]! + across * (u[right]! - u[left]!));
        const toY = 2 * (y + v[left]! + across * (v[right]! - v[left]!));
        const px = toX < 0 ? 0 : toX > lastX ? lastX : toX;
        const py = toY < 0 ? 0 : toY > lastY ? lastY : toY;
        const column = px | 0;
        const line = py | 0;
        const wx = px - column;
        const wy = (py - line) * (weight / FINE_GRID_UNIT);
        const wa = weight / FINE_GRID_UNIT - wy;
        const w00 = (1 - wx) * wa;
        const w01 = wx * wa;
        const w10 = (1 - wx) * wy;
        const w11 = wx * wy;
        const i = line * stride + 3 * column;
        const j = i + stride;
        const at = 3 * x;
        row[at]! += w00 * data[i]! + w01 * data[i + 3]! + w10 * data[j]! + w11 * data[j + 3]!;
        row[at + 1]! += w00 * data[i + 1]! + w01 * data[i + 4]! + w10 * data[j + 1]! + w11 * data[j + 4]!;
        row[at + 2]! += w00 * data[i + 2]! + w01 * data[i + 5]! + w10 * data[j + 2]! + w11 * data[j + 5]!;
      }
    },
  };
}
