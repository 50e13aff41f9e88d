import type { Size } from './crop.ts';

/** Scales a size down until no side is longer than `maxSide`; the shape is kept, and sizes are rounded to pixels. */
export function fitWithin({ width, height }: Size, maxSide: number): Size {
  const scale = Math.min(1, maxSide / Math.max(width, height));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}
