import type { Size } from './choose-size.ts';

/** The longest side of the photos that the system keeps: enough for full HD, also of a part of the photo. Pixels. */
export const MAX_PHOTO_SIDE = 2560;

/** The most pixels of the photos that the system keeps, which limits the memory that decoding needs. */
export const MAX_PHOTO_PIXELS = 5_000_000;

/** The size in which the system keeps a photo: its own, or the largest one with the same shape that is allowed. */
export function keptPhotoSize({ width, height }: Size): Size {
  const bySide = MAX_PHOTO_SIDE / Math.max(width, height);
  const byPixels = Math.sqrt(MAX_PHOTO_PIXELS / (width * height));
  const scale = Math.min(1, bySide, byPixels);
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}
