import type { Size } from './crop.ts';

/** The size of a picture made small enough for both sides to be at most `most`; never larger than it was. */
export function fitWithin({ width, height }: Size, most: number): Size {
  const scale = Math.min(1, most / Math.max(width, height));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}
