import type { PhotoDetail } from './detail.ts';
import { bilinearTaps } from './image/bilinear-taps.ts';
import type { BilinearTaps } from './image/bilinear-taps.ts';
import { FINE_GRID_UNIT } from './image/fine-grid.ts';
import type { FineGrid } from './image/fine-grid.ts';
import type { Flow, Plane } from './image/plane.ts';
import { planEnlarger } from './image/resize.ts';
import { resizeBilinear, resizeFlow } from './flow/pyramid.ts';
import { moveSoft } from './light.ts';
import type { SoftPicture } from './light.ts';
import type { PhotoMotion } from './photo-motion.ts';
import { createLayout, openKernels } from './kernels/kernels.ts';
import type { Layout, Kernels } from './kernels/kernels.ts';

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
 * A picture of the video at its own size.
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
    return toBytes(frame.data);
  }
  if (layer?.coarse) showCoarse(frame, layer.coarse, layer.frameWeights);
  const layout = createLayout();
  const enlarger = planEnlarger(layout, frame, outWidth, outHeight);
  const detailer = layer && planDetailer(layout, layer, outWidth, outHeight);
  const values = 3 * outWidth;
  const row = layout.reserve(values);
  const picture = layout.reserve((values * outHeight) / 4);
  const kernels = openKernels(layout, layer?.detail.memory);
  const enlarge = enlarger.start(kernels);
  const addDetail = detailer?.start(kernels);
  for (let y = 0; y < outHeight; y++) {
    enlarge(y, row);
    addDetail?.(y, row);
    kernels.toBytes(picture + y * values, row, values);
  }
  return kernels.bytes.slice(picture, picture + values * outHeight);
}

function toBytes(values: Float32Array): Uint8Array<ArrayBuffer> {
  const layout = createLayout();
  const source = layout.reserve(values.length);
  const target = layout.reserve(values.length / 4);
  const kernels = openKernels(layout);
  kernels.floats.set(values, source / 4);
  kernels.toBytes(target, source, values.length);
  return kernels.bytes.slice(target, target + values.length);
}

/** Where the photo's structure is trusted, it takes the place of the frame's own. */
function showCoarse({ width, height, data }: FloatPicture, coarse: SoftPicture, weights: Float32Array): void {
  for (const [channel, plane] of coarse.entries()) {
    const soft = resizeBilinear(plane, width, height).data;
    for (let i = 0, j = channel; i < soft.length; i++, j += 3) data[j]! += weights[i]! * (soft[i]! - data[j]!);
  }
}

/**
 * Adds the photo's detail to rows of the picture, where the motion leads to it and as far as it is trusted.
 * @param layout has room for what this needs afterwards.
 */
function planDetailer(layout: Layout, layer: PhotoLayer, width: number, height: number) {
  const { detail, toPhoto: motion, weights: trust } = layer;
  const places = {
    columns: layout.reserve(3 * width),
    trustColumns: layout.reserve(3 * width),
    u: layout.reserve(motion.u.length),
    v: layout.reserve(motion.v.length),
    trust: layout.reserve(trust.data.length),
    // A row of each, between the two rows of the field around it.
    rowU: layout.reserve(motion.width),
    rowV: layout.reserve(motion.width),
    rowTrust: layout.reserve(trust.width),
  };
  const lines = bilinearTaps(motion.height, height);
  const trustLines = bilinearTaps(trust.height, height);
  const [scaleX, scaleY] = [(2 * width) / motion.width, (2 * height) / motion.height];
  return {
    /** @returns the function that adds to the row at a place. */
    start(kernels: Kernels): (y: number, row: number) => void {
      writeColumns(kernels, places.columns, bilinearTaps(motion.width, width));
      writeColumns(kernels, places.trustColumns, bilinearTaps(trust.width, width));
      kernels.floats.set(motion.u, places.u / 4);
      kernels.floats.set(motion.v, places.v / 4);
      kernels.floats.set(trust.data, places.trust / 4);
      const between = (target: number, field: number, length: number, taps: BilinearTaps, y: number, scale: number) => {
        const [above, below] = [field + 4 * length * taps.low[y]!, field + 4 * length * taps.high[y]!];
        const down = taps.weight[y]!;
        kernels.blend(target, length, 0, above, scale * (1 - down), below, scale * down, above, 0);
      };
      return (y, row) => {
        between(places.rowU, places.u, motion.width, lines, y, scaleX);
        between(places.rowV, places.v, motion.width, lines, y, scaleY);
        between(places.rowTrust, places.trust, trust.width, trustLines, y, 1);
        kernels.addDetail(
          ...([row, width, 2 * y, places.rowU, places.rowV, places.rowTrust] as const),
          ...([places.columns, places.trustColumns, 6 * detail.width] as const),
          ...([detail.width - 1 - BORDER, detail.height - 1 - BORDER, 1 / FINE_GRID_UNIT, LEAST_TRUST] as const),
        );
      };
    },
  };
}

/** A place on the border itself lies between the last two pixels, so that the four around it exist. Pixels of the detail. */
const BORDER = 1 / 128;

/** Writes for each pixel of a row the offsets of the two values around it, in bytes, and the weight of the second one. */
function writeColumns({ integers, floats }: Kernels, place: number, { low, high, weight }: BilinearTaps): void {
  for (let x = 0, at = place / 4; x < low.length; x++, at += 3) {
    integers[at] = 4 * low[x]!;
    integers[at + 1] = 4 * high[x]!;
    floats[at + 2] = weight[x]!;
  }
}
