import { finishFrames } from '@cinematica/finish';
import { resizeLanczos } from '@cinematica/finish/internal';
import type { Model, RgbImage } from '@cinematica/svd';
import { makeFrames } from '../nano/make-frames.ts';
import { toAsync } from './interpolation.ts';
import { flickerOf, sharpnessOf } from './motion-compensated.ts';

/** A photo's video, enlarged and finished. */
export interface PhotoVideoResult {
  /** Of the last frame, in parts of the photo's at the same place and size. */
  readonly sharpness: { readonly lanczos: number; readonly ours: number };
  /** Mean difference of a model's frame from the one before, along the motion, 0 to 255. */
  readonly flicker: { readonly lanczos: number; readonly ours: number };
  readonly frames: number;
  /** From the model's frames to finished ones. */
  readonly seconds: number;
  /** Frames at the output's size, a row for each: enlarged, finished, and the photo. */
  readonly pictures: readonly (readonly RgbImage[])[];
}

export interface PhotoVideoOptions {
  readonly frames: number;
  readonly multiple: number;
  readonly outWidth: number;
  readonly outHeight: number;
  readonly threads: number;
}

/** Flicker is measured for each of this many pairs of frames. */
const FLICKER_EVERY = 4;

/**
 * @param photo cropped to the shape of the model's frames.
 * @param size of the model's frames.
 */
export async function finishPhotoVideo(
  model: Model,
  photo: RgbImage,
  size: { readonly width: number; readonly height: number },
  { frames: count, multiple, outWidth, outHeight, threads }: PhotoVideoOptions,
): Promise<PhotoVideoResult> {
  const { frames } = await makeFrames(model, photo, count, { ...size, seed: 1 });
  const { onlyCameraMoves } = model.checkpoint.card;
  const sizes = { ...size, outWidth, outHeight, onlyCameraMoves };
  const begun = performance.now();
  const finished: RgbImage[] = [];
  let made = 0;
  let seconds = 0;
  const source = toAsync(frames.map(({ data }) => data));
  for await (const data of finishFrames(source, { ...sizes, multiple, photo, threads })) {
    if (made % multiple === 0) finished.push({ width: outWidth, height: outHeight, data });
    made++;
    seconds = (performance.now() - begun) / 1000;
  }
  const enlarge = (picture: RgbImage): RgbImage =>
    toBytes(resizeLanczos(picture, outWidth, outHeight), outWidth, outHeight);
  const reduced = finished.map((picture) =>
    toBytes(resizeLanczos(picture, size.width, size.height), size.width, size.height),
  );
  const shown = enlarge(photo);
  const last = frames.length - 1;
  const lastEnlarged = enlarge(frames[last]!);
  return {
    sharpness: { lanczos: sharpnessOf(lastEnlarged, shown), ours: sharpnessOf(finished[last]!, shown) },
    flicker: { lanczos: flickerOf(frames, FLICKER_EVERY), ours: flickerOf(reduced, FLICKER_EVERY) },
    frames: made,
    seconds,
    pictures: [0, last >> 1, last].map((frame) => [enlarge(frames[frame]!), finished[frame]!, shown]),
  };
}

export const toBytes = (data: Float32Array, width: number, height: number): RgbImage => ({
  width,
  height,
  data: new Uint8Array(Uint8ClampedArray.from(data).buffer),
});
