import { keptPhotoSize } from '@cinematica/settings/photo-size';
import sharp from 'sharp';
import type { Metadata } from 'sharp';
import { asStillAvif, hasNoStillPicture } from './avif-sequence.ts';
import type { PhotoLimits } from './photo-limits.ts';
import {
  damagedError,
  heicError,
  tooManyPixelsError,
  tooMuchMemoryError,
  tooNarrowError,
  tooSmallError,
  unsupportedError,
} from './photo-refusals.ts';
import type { PhotoFormat } from './sniff-format.ts';

/** The uploaded photo, before it was decoded. */
export interface OriginalPhoto {
  readonly format: PhotoFormat;
  /** The stored size in pixels, before the orientation is applied. */
  readonly width: number;
  readonly height: number;
  /** The EXIF orientation, 1 to 8; 1 when there is none. */
  readonly orientation: number;
}

/** A photo that is safe to store, to show and to decode. */
export interface SanitizedPhoto {
  /** A baseline JPEG: 8-bit sRGB, 4:4:4, without metadata. */
  readonly jpeg: Uint8Array;
  /** The size in pixels, with the orientation applied. */
  readonly width: number;
  readonly height: number;
  readonly original: OriginalPhoto;
}

/** The JPEG quality. At 95, without chroma subsampling, encoding a decoded JPEG again causes no visible loss. */
const QUALITY = 95;

/** The colour behind transparent pixels. Most viewers show them on white. */
const BACKGROUND = '#ffffff';

/**
 * Disables all loaders of libvips in this process but four, which read from memory only. This excludes loaders that run an
 * interpreter, open other files, or are rarely audited.
 */
export function restrictDecoders(): void {
  sharp.block({ operation: ['VipsForeignLoad'] });
  sharp.unblock({
    operation: ['Jpeg', 'Png', 'Webp', 'Heif'].map((loader) => `VipsForeignLoad${loader}Buffer`),
  });
  // The process decodes one photo at a time, and never the same photo twice, so threads and caches would only use memory.
  sharp.concurrency(1);
  sharp.cache(false);
}

/**
 * Decodes a photo and encodes it as a JPEG: upright, 8-bit sRGB, transparent pixels on white, only the first frame of an
 * animation, scaled down to `keptPhotoSize`, without metadata. It must only be called in the photo process,
 * because the bytes are not trusted.
 * @param format the format that the first bytes show.
 * @throws {@link PhotoError} TOO_MANY_PIXELS, TOO_SMALL, TRUNCATED, HEIC_NOT_SUPPORTED, UNSUPPORTED_FORMAT
 */
export async function decodePhoto(
  uploaded: Uint8Array,
  format: PhotoFormat,
  limits: PhotoLimits,
): Promise<SanitizedPhoto> {
  if (format === 'avif' && hasNoStillPicture(uploaded)) {
    throw unsupportedError('an animated AVIF without a still picture');
  }
  const bytes = format === 'avif' ? asStillAvif(uploaded) : uploaded;
  const header = await unlessDamaged(() => sharp(bytes, { limitInputPixels: false, pages: 1 }).metadata());
  const { width, height, orientation = 1 } = header;
  if (format === 'avif' && header.compression !== 'av1') throw heicError();
  checkSize(header, format, limits);

  const result = resultSize(header, limits);
  const { data, info } = await unlessDamaged(() =>
    sharp(bytes, { failOn: 'error', limitInputPixels: limits.maxPixels, pages: 1, sequentialRead: true })
      .autoOrient()
      .resize({ ...result, fit: 'fill' })
      .flatten({ background: BACKGROUND })
      .toColourspace('srgb')
      .jpeg({ quality: QUALITY, chromaSubsampling: '4:4:4' })
      .toBuffer({ resolveWithObject: true }),
  );
  return { jpeg: data, width: info.width, height: info.height, original: { format, width, height, orientation } };
}

/** The size of the result in pixels, upright: that of the photo, scaled down until it meets the limits. */
function resultSize({ width, height, orientation = 1 }: Metadata, limits: PhotoLimits) {
  const kept = keptPhotoSize({ width, height }, limits.maxResultSide, limits.maxResultPixels);
  // Orientations from 5 on are turned by a right angle.
  return orientation >= 5 ? { width: kept.height, height: kept.width } : kept;
}

function checkSize(header: Metadata, format: PhotoFormat, limits: PhotoLimits): void {
  const { width, height } = header;
  const size = `${width}×${height} pixels`;
  const pixels = width * height;
  if (pixels > limits.maxPixels) throw tooManyPixelsError(size, limits.maxPixels);
  if (pixels * codecBytesPerPixel(header, format) > limits.maxDecodedBytes) throw tooMuchMemoryError(size);

  if (Math.min(width, height) < limits.minSide) throw tooSmallError(size, limits.minSide);
  const kept = resultSize(header, limits);
  if (Math.min(kept.width, kept.height) < limits.minSide) throw tooNarrowError(size);
}

/**
 * The memory that decoding needs for each pixel, in bytes: the pixel, or the coefficients of a progressive JPEG. The values
 * for AVIF were measured with libheif 1.23, which has several copies of the picture in memory.
 */
function codecBytesPerPixel({ channels, depth, isProgressive }: Metadata, format: PhotoFormat): number {
  const wide = depth !== 'uchar';
  if (format === 'avif') return wide ? 26 : 15;
  return channels * (wide ? 2 : 1) * (format === 'jpeg' && isProgressive ? 2 : 1);
}

async function unlessDamaged<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    throw damagedError(cause);
  }
}
