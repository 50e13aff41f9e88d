import { Resolution } from '@cinematica/protocol/v1';
import type { Size } from './choose-size.ts';

/** The resolution of a video whose request has none. */
export const DEFAULT_RESOLUTION = Resolution.HD;

/** The short side of the files in pixels. */
const SHORT_SIDES: Readonly<Record<number, number>> = { [Resolution.HD]: 720, [Resolution.FULL_HD]: 1080 };

/** The short side of the files in pixels; null for a resolution that has the size of the model's frames. */
export const shortSideOf = (resolution: Resolution): number | null => SHORT_SIDES[resolution] ?? null;

/** Frames are never enlarged more than this: there is too little in them to find the photo's details again. */
const MAX_ENLARGEMENT = 4;

/**
 * The size of a video's files: that of the model's frames, enlarged as far as the resolution asks for and the photo has pixels.
 * Both sides are even, and the shape is that of the frames to within a pixel.
 *
 * @param frame the size of the model's frames in pixels
 * @param photo the size of the photo in pixels
 * @param zoom how many times smaller the crop is than the largest part of the photo in the frames' shape, at least 1
 */
export function outputSize(
  frame: Size,
  photo: Size,
  { resolution, zoom = 1 }: { readonly resolution: Resolution; readonly zoom?: number | undefined },
): Size {
  const wanted = shortSideOf(resolution || DEFAULT_RESOLUTION);
  if (wanted === null) return frame;
  const ofPhoto = Math.min(photo.width / frame.width, photo.height / frame.height) / Math.max(1, zoom);
  const scale = Math.min(wanted / Math.min(frame.width, frame.height), ofPhoto, MAX_ENLARGEMENT);
  if (scale <= 1) return frame;
  return { width: toEven(frame.width * scale), height: toEven(frame.height * scale) };
}

const toEven = (pixels: number): number => 2 * Math.round(pixels / 2);
