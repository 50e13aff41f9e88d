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

/** A photo as the sender's camera stored it. */
export interface OriginalPhoto {
  readonly format: PhotoFormat;
  /** Pixels as stored, before the photo was turned upright. */
  readonly width: number;
  readonly height: number;
  /** 1…8 as in EXIF, 1 where nothing is said. */
  readonly orientation: number;
}

/** A photo that is safe to store, to show and to decode again. */
export interface SanitizedPhoto {
  /** A baseline JPEG, 8-bit sRGB without subsampling of its colours, and without any metadata. */
  readonly jpeg: Uint8Array;
  /** Pixels, upright. */
  readonly width: number;
  readonly height: number;
  readonly original: OriginalPhoto;
}

/** Generations of JPEG add up, but at 95 without chroma subsampling the next one can't be told from the first. */
const QUALITY = 95;

/** Transparent parts show this, as most viewers do. */
const BACKGROUND = '#ffffff';

/**
 * Closes all of libvips' loaders but four, which read from memory only, for the whole process: nothing that needs an
 * interpreter, reads other files or is rarely looked at is let in, whatever the bytes pretend to be.
 */
export function restrictDecoders(): void {
  sharp.block({ operation: ['VipsForeignLoad'] });
  sharp.unblock({
    operation: ['Jpeg', 'Png', 'Webp', 'Heif'].map((loader) => `VipsForeignLoad${loader}Buffer`),
  });
  // One photo at a time, never the same one twice: threads and caches would only take memory.
  sharp.concurrency(1);
  sharp.cache(false);
}

/**
 * Decodes a photo and encodes it anew: upright, 8-bit sRGB, transparency on white, the first frame of an animation,
 * scaled down where it is large, nothing but pixels. For the photo process only: the bytes are hostile.
 *
 * @param format what the first bytes say
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

  const side = limits.maxResultSide;
  const { data, info } = await unlessDamaged(() =>
    sharp(bytes, { failOn: 'error', limitInputPixels: limits.maxPixels, pages: 1, sequentialRead: true })
      .autoOrient()
      .resize(side, side, { fit: 'inside', withoutEnlargement: true })
      .flatten({ background: BACKGROUND })
      .toColourspace('srgb')
      .jpeg({ quality: QUALITY, chromaSubsampling: '4:4:4' })
      .toBuffer({ resolveWithObject: true }),
  );
  return { jpeg: data, width: info.width, height: info.height, original: { format, width, height, orientation } };
}

function checkSize(header: Metadata, format: PhotoFormat, limits: PhotoLimits): void {
  const { width, height } = header;
  const size = `${width}×${height} pixels`;
  const pixels = width * height;
  if (pixels > limits.maxPixels) throw tooManyPixelsError(size, limits.maxPixels);
  if (pixels * heldPerPixel(header, format) > limits.maxDecodedBytes) throw tooMuchMemoryError(size);

  const short = Math.min(width, height);
  const shrink = Math.max(1, Math.max(width, height) / limits.maxResultSide);
  if (short < limits.minSide) throw tooSmallError(size, limits.minSide);
  if (Math.round(short / shrink) < limits.minSide) throw tooNarrowError(size);
}

/**
 * Bytes that decoding holds for each pixel: the pixels, or the coefficients of a progressive JPEG; for AVIF as measured
 * (libheif 1.23), since it holds the picture several times.
 */
function heldPerPixel({ channels, depth, isProgressive }: Metadata, format: PhotoFormat): number {
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
