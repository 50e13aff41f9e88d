import sharp from 'sharp';
import type { RgbImage } from './image.ts';
import { ImageError } from './image-error.ts';

/** A size in pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** The center and the zoom of a crop. */
export interface Focus {
  /** Position of the center: 0…1 from the left and from the top. It moves if the crop would exceed the image. */
  readonly x: number;
  readonly y: number;
  /** How many times smaller the crop is than the largest possible one, at least 1; default 1. */
  readonly zoom?: number | undefined;
}

const CENTER: Focus = { x: 0.5, y: 0.5 };

/**
 * Crops an image to the aspect ratio of `target`, around the focus. It does not resize.
 *
 * @returns the same image if it already has that aspect ratio, to within half a pixel
 */
export function cropToAspect(image: RgbImage, target: Size, focus: Focus = CENTER): RgbImage {
  const scale = Math.min(image.width / target.width, image.height / target.height) / Math.max(1, focus.zoom ?? 1);
  const width = Math.min(image.width, Math.max(1, Math.round(target.width * scale)));
  const height = Math.min(image.height, Math.max(1, Math.round(target.height * scale)));
  if (width === image.width && height === image.height) return image;

  const left = windowStart(focus.x, width, image.width);
  const top = windowStart(focus.y, height, image.height);
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    const from = ((top + y) * image.width + left) * 3;
    data.set(image.data.subarray(from, from + width * 3), y * width * 3);
  }
  return { width, height, data };
}

/** Resizes an image to exactly this size with Lanczos3. It does not keep the aspect ratio. */
export async function resizeImage(image: RgbImage, { width, height }: Size): Promise<RgbImage> {
  if (image.width === width && image.height === height) return image;
  try {
    const data = await sharp(image.data, { raw: { width: image.width, height: image.height, channels: 3 } })
      .resize(width, height, { fit: 'fill', kernel: 'lanczos3' })
      .raw()
      .toBuffer();
    return { width, height, data: new Uint8Array(data.buffer, data.byteOffset, data.length) };
  } catch (cause) {
    throw new ImageError(`an image of ${image.width}×${image.height} cannot be resized to ${width}×${height}`, {
      cause,
    });
  }
}

/** The start of a window whose center is nearest to the focus. */
function windowStart(focus: number, window: number, whole: number): number {
  return Math.min(Math.max(Math.round(focus * whole - window / 2), 0), whole - window);
}
