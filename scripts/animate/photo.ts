import { readFile } from 'node:fs/promises';
import sharp from 'sharp';
import type { Limits } from '@cinematica/protocol/v1';
import { keptPhotoSize } from '@cinematica/settings';
import { loadImage } from '@cinematica/svd';
import type { RgbImage } from '@cinematica/svd';

/** A photo that was decoded. */
export interface Photo {
  readonly file: Uint8Array;
  /** Media type. */
  readonly type: string | undefined;
  readonly pixels: RgbImage;
}

/** @throws ImageError when the file does not exist, is no image, is damaged, or is too large or too small */
export async function readPhoto(path: string, signal: AbortSignal): Promise<Photo> {
  const pixels = await loadImage(path, {}, signal);
  const file = await readFile(path, { signal });
  const { mediaType } = await sharp(file, { limitInputPixels: false }).metadata();
  return { file, type: mediaType, pixels };
}

/**
 * The bytes to upload: the file itself, or a JPEG of it if the system does not accept the file's type or size.
 */
export async function toUpload({ file, type, pixels }: Photo, limits: Limits | undefined): Promise<Uint8Array> {
  const { imageTypes = [], maxImageBytes = 0n } = limits ?? {};
  if (type !== undefined && imageTypes.includes(type) && file.length <= maxImageBytes) return file;
  const { width, height, data } = pixels;
  return sharp(data, { raw: { width, height, channels: 3 } })
    .resize({ ...keptPhotoSize({ width, height }), fit: 'fill' })
    .jpeg({ quality: 95, chromaSubsampling: '4:4:4' })
    .toBuffer();
}
