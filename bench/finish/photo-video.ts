import { finishFrames } from '@cinematica/finish';
import {
  buildPyramid,
  computeFlow,
  lumaOf,
  resizeFlow,
  resizeLanczos,
  sampleBicubic,
} from '@cinematica/finish/internal';
import type { Model, RgbImage } from '@cinematica/svd';
import { warpedDifference } from '../nano/motion-measures.ts';
import { luma } from '../nano/luma.ts';
import { makeFrames } from '../nano/make-frames.ts';
import { toAsync } from './interpolation.ts';
import { mean } from './likeness.ts';

/** A photo's video, enlarged and finished. */
export interface PhotoVideoResult {
  /** Gradient energy of the last frame, in parts of the photo's at the same place and size. */
  readonly sharpness: { readonly lanczos: number; readonly ours: number };
  /** Mean difference of a model's frame from the one before, along the motion, 0 to 255. */
  readonly flicker: { readonly lanczos: number; readonly ours: number };
  readonly frames: number;
  /** From the model's frames to finished ones. */
  readonly seconds: number;
  /** The last frame enlarged and finished, and the photo, at the output's size. */
  readonly pictures: readonly RgbImage[];
}

export interface PhotoVideoOptions {
  readonly frames: number;
  readonly multiple: number;
  readonly outWidth: number;
  readonly outHeight: number;
  readonly threads: number;
}

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
  const sizes = { ...size, outWidth, outHeight };
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
  const enlarged = frames.map(enlarge);
  const shown = enlarge(photo);
  const [lastEnlarged, lastFinished] = [enlarged.at(-1)!, finished.at(-1)!];
  return {
    sharpness: { lanczos: sharpnessOf(lastEnlarged, shown), ours: sharpnessOf(lastFinished, shown) },
    flicker: { lanczos: flickerOf(enlarged), ours: flickerOf(finished) },
    frames: made,
    seconds,
    pictures: [lastEnlarged, lastFinished, shown],
  };
}

function flickerOf(frames: readonly RgbImage[]): number {
  const lumas = frames.map(luma);
  return mean(lumas.slice(1).map((frame, i) => warpedDifference(lumas[i]!, frame)));
}

/** Mean gradient of a frame in parts of that of the photo, moved to where the frame shows it; the borders do not count. */
function sharpnessOf(frame: RgbImage, photo: RgbImage): number {
  const { width, height } = frame;
  const [a, b] = [frame, photo].map(({ data }) => buildPyramid(lumaOf(data, width, height))) as [
    ReturnType<typeof buildPyramid>,
    ReturnType<typeof buildPyramid>,
  ];
  const { u, v } = resizeFlow(computeFlow(a, b), width, height);
  const moved = new Float32Array(3 * width * height);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) sampleBicubic(photo, x + u[i]!, y + v[i]!, moved, 3 * i);
  }
  return meanGradient(a[0]!.data, width, height) / meanGradient(lumaOf(moved, width, height).data, width, height);
}

function meanGradient(data: Float32Array, width: number, height: number): number {
  const margin = Math.round(width / 12);
  let sum = 0;
  for (let y = margin; y < height - margin; y++) {
    for (let x = margin; x < width - margin; x++) {
      const i = y * width + x;
      sum += Math.hypot(data[i + 1]! - data[i]!, data[i + width]! - data[i]!);
    }
  }
  return sum;
}

export const toBytes = (data: Float32Array, width: number, height: number): RgbImage => ({
  width,
  height,
  data: new Uint8Array(Uint8ClampedArray.from(data).buffer),
});
