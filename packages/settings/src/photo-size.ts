import type { Size } from './choose-size.ts';

/**
 * The longest side of the photos that the system keeps: enough for full HD, also of a part of the photo. A panorama may be
 * longer, because a video shows only a part of it. Pixels.
 */
export const MAX_PHOTO_SIDE = 2560;

/** The most pixels of the photos that the system keeps, which limits the memory that decoding needs. */
export const MAX_PHOTO_PIXELS = 5_000_000;

/** Of a panorama, a part that is this many times as long as it is high counts as the longest side. */
const LONGEST_PART = 4;
/** The longest side of a panorama, which browsers can still draw. Pixels. */
const MAX_PANORAMA_SIDE = 16_000;

/**
 * The size in which the system keeps a photo: its own, or the largest one with the same shape that is allowed.
 *
 * @param maxSide pixels
 * @param maxPixels width times height
 */
export function keptPhotoSize({ width, height }: Size, maxSide = MAX_PHOTO_SIDE, maxPixels = MAX_PHOTO_PIXELS): Size {
  const [short, long] = width < height ? [width, height] : [height, width];
  const bySide = maxSide / Math.min(long, LONGEST_PART * short);
  const byLength = MAX_PANORAMA_SIDE / long;
  const byPixels = Math.sqrt(maxPixels / (width * height));
  const scale = Math.min(1, bySide, byLength, byPixels);
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}
