import sharp from 'sharp';
import type { RgbImage } from './image.ts';
import { ImageError } from './image-error.ts';

/** A size in pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** What a crop keeps of a photo. */
export interface Focus {
  /** The place that is as near its middle as can be: 0…1 from the left and from the top. */
  readonly x: number;
  readonly y: number;
  /** How many times smaller it is than the largest one that fits, at least 1; 1 if not given. */
  readonly zoom?: number | undefined;
}

const CENTRE: Focus = { x: 0.5, y: 0.5 };

/**
 * Cuts the largest part of an image that has the aspect of `target`, around the focus; a smaller one where it zooms.
 * The pixels stay as they are.
 *
 * @returns the image itself when it has that aspect already, to within half a pixel
 */
export function cropToAspect(image: RgbImage, target: Size, focus: Focus = CENTRE): RgbImage {
  const scale = Math.min(image.width / target.width, image.height / target.height) / Math.max(1, focus.zoom ?? 1);
  const width = Math.min(image.width, Math.max(1, Math.round(target.width * scale)));
  const height = Math.min(image.height, Math.max(1, Math.round(target.height * scale)));
  if (width === image.width && height === image.height) return image;

  const left = place(focus.x, width, image.width);
  const top = place(focus.y, height, image.height);
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    const from = ((top + y) * image.width + left) * 3;
    data.set(image.data.subarray(from, from + width * 3), y * width * 3);
  }
  return { width, height, data };
}

/** Resizes an image to exactly this size by Lanczos3, whatever its aspect. */
export async function resizeImage(image: RgbImage, { width, height }: Size): Promise<RgbImage> {
  if (image.width === width && image.height === height) return image;
  try {
    const data = await sharp(image.data, { raw: { width: image.width, height: image.height, channels: 3 } })
      .resize(width, height, { fit: 'fill', kernel: 'lanczos3' })
      .raw()
      .toBuffer();
    return { width, height, data: new Uint8Array(data.buffer, data.byteOffset, data.length) };
  } catch (cause) {
    throw new ImageError(`an image of ${image.width}×${image.height} can't be resized to ${width}×${height}`, {
      cause,
    });
  }
}

/** Where a window starts so that its middle is nearest to the focus. */
function place(focus: number, window: number, whole: number): number {
  return Math.min(Math.max(Math.round(focus * whole - window / 2), 0), whole - window);
}
