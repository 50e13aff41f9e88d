import { readHeif } from '@cinematica/settings/heif-properties';
import { keptPhotoSize } from '@cinematica/settings/photo-size';
import sharp from 'sharp';
import type { Metadata, Sharp } from 'sharp';
import { decodeHeic } from './decode-heic.ts';
import { asStillPicture, hasNoStillPicture } from './heif-sequence.ts';
import { decodeFaultyJpeg } from './faulty-jpeg.ts';
import { withoutMuchMetadata } from './jpeg-metadata.ts';
import { readScans } from './jpeg-scans.ts';
import { PhotoError } from './photo-error.ts';
import type { PhotoLimits } from './photo-limits.ts';
import {
  damagedError,
  hdrError,
  heifCodecError,
  tooManyPixelsError,
  tooMuchMemoryError,
  tooNarrowError,
  tooSmallError,
  unsupportedError,
} from './photo-refusals.ts';
import { readMarks } from './read-marks.ts';
import type { PhotoMarks } from './read-marks.ts';
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
  /** What the uploaded photo says of its origin. */
  readonly marks: PhotoMarks;
}

/** The JPEG quality. At 95, without chroma subsampling, encoding a decoded JPEG again causes no visible loss. */
const QUALITY = 95;

/** The colour behind transparent pixels. Most viewers show them on white. */
const BACKGROUND = '#ffffff';

/** Transfer characteristics of HDR (ISO/IEC 23091-2). Without tone mapping, such a photo looks grey and flat. */
const HDR: Readonly<Record<number, string>> = { 16: 'PQ', 18: 'HLG' };

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
 * @param sniffed the format that the first bytes show.
 * @throws {@link PhotoError} TOO_MANY_PIXELS, TOO_SMALL, TRUNCATED, HEIF_CODEC_UNSUPPORTED, UNSUPPORTED_FORMAT
 */
export async function decodePhoto(
  uploaded: Uint8Array,
  sniffed: PhotoFormat,
  limits: PhotoLimits,
): Promise<SanitizedPhoto> {
  const isHeif = sniffed === 'avif' || sniffed === 'heic';
  if (isHeif && hasNoStillPicture(uploaded)) {
    throw unsupportedError(`an animated ${sniffed.toUpperCase()} without a still picture`);
  }
  const bytes = isHeif ? asStillPicture(uploaded) : sniffed === 'jpeg' ? jpegToDecode(uploaded) : uploaded;
  const heif = isHeif ? readHeif(bytes) : null;
  // The decoder would call it damaged.
  if (heif?.otherCodec) throw heifCodecError(heif.otherCodec);
  const header = await unlessDamaged(() => sharp(bytes, { limitInputPixels: false, pages: 1 }).metadata());
  const format = isHeif ? heifFormat(header) : sniffed;
  const { width, height } = header;
  // The decoder of HEIC applies the rotation that the file contains, which replaces that of EXIF.
  const orientation = format === 'heic' ? 1 : (header.orientation ?? 1);
  checkSize(header, format, limits);
  const hdr = HDR[heif?.colour?.transfer ?? 0];
  if (hdr !== undefined) throw hdrError(hdr);

  const result = resultSize(width, height, orientation, limits);
  const { data, info } = await unlessDamaged(async () => {
    if (format === 'heic') return encode(await decodeHeic(bytes, limits), result);
    return decodeKnown(bytes, format, { width, height, orientation }, result, limits);
  });
  const original = { format, width, height, orientation };
  const marks = await readMarks(uploaded, header.xmp);
  return { jpeg: data, width: info.width, height: info.height, original, marks };
}

/** @throws {@link PhotoError} TRUNCATED for a JPEG with thousands of scans, each of which takes time for every pixel. */
function jpegToDecode(uploaded: Uint8Array): Uint8Array {
  const bytes = withoutMuchMetadata(uploaded);
  if (readScans(bytes)?.areTooMany) throw damagedError(new Error('it has too many scans'));
  return bytes;
}

/** The format by the codec of the picture: the brands in the first bytes only say which codecs a reader needs. */
function heifFormat({ compression }: Metadata): PhotoFormat {
  if (compression === 'av1') return 'avif';
  if (compression === 'hevc') return 'heic';
  throw heifCodecError(null);
}

async function decodeKnown(
  bytes: Uint8Array,
  format: PhotoFormat,
  original: Omit<OriginalPhoto, 'format'>,
  result: Size,
  limits: PhotoLimits,
) {
  const options = { pages: 1, sequentialRead: true } as const;
  if (format !== 'jpeg') {
    return encode(
      sharp(bytes, { ...options, failOn: 'error', limitInputPixels: limits.maxPixels }).autoOrient(),
      result,
    );
  }
  const limitInputPixels = limits.maxShrunkPixels;
  try {
    // A warning, too, may mean that data are missing.
    return await encode(sharp(bytes, { ...options, failOn: 'warning', limitInputPixels }).autoOrient(), result);
  } catch (error) {
    const kept = await decodeFaultyJpeg(bytes, original, limitInputPixels);
    if (kept === null) throw error;
    return encode(kept.image, resultSize(kept.width, kept.height, 1, limits));
  }
}

interface Size {
  readonly width: number;
  readonly height: number;
}

// Without `optimiseCoding` the JPEG is 2 % larger, but libjpeg does not keep the coefficients of the whole picture,
// which need 60 MB for 5 megapixels.
const encode = (image: Sharp, { width, height }: Size) =>
  image
    .resize({ width, height, fit: 'fill' })
    .flatten({ background: BACKGROUND })
    .toColourspace('srgb')
    .jpeg({ quality: QUALITY, chromaSubsampling: '4:4:4', optimiseCoding: false })
    .toBuffer({ resolveWithObject: true });

/** The size of the result in pixels, upright: that of the photo, scaled down until it meets the limits. */
function resultSize(width: number, height: number, orientation: number, limits: PhotoLimits): Size {
  const kept = keptPhotoSize({ width, height }, limits.maxResultSide, limits.maxResultPixels);
  // Orientations from 5 on are turned by a right angle.
  return orientation >= 5 ? { width: kept.height, height: kept.width } : kept;
}

function checkSize(header: Metadata, format: PhotoFormat, limits: PhotoLimits): void {
  const { width, height } = header;
  const size = `${width}×${height} pixels`;
  const pixels = width * height;
  const isShrunk = format === 'jpeg' && !header.isProgressive;
  const most = isShrunk ? limits.maxShrunkPixels : limits.maxPixels;
  if (pixels > most) throw tooManyPixelsError(size, most);
  if (!isShrunk && pixels * codecBytesPerPixel(header, format) > limits.maxDecodedBytes) throw tooMuchMemoryError(size);

  if (Math.min(width, height) < limits.minSide) throw tooSmallError(size, limits.minSide);
  const kept = resultSize(width, height, 1, limits);
  if (Math.min(kept.width, kept.height) < limits.minSide) throw tooNarrowError(size);
}

/**
 * The memory that decoding needs for each pixel, in bytes: the pixel, or the coefficients of a progressive JPEG. The values
 * for AVIF were measured with libheif 1.23, which has several copies of the picture in memory, and those for HEIC with
 * libheif 1.23.2 in WebAssembly.
 */
function codecBytesPerPixel({ channels, depth, isProgressive }: Metadata, format: PhotoFormat): number {
  const wide = depth !== 'uchar';
  if (format === 'avif') return wide ? 26 : 15;
  if (format === 'heic') return (wide ? 10 : 6) + (channels === 4 ? 2 : 0);
  return channels * (wide ? 2 : 1) * (format === 'jpeg' && isProgressive ? 2 : 1);
}

async function unlessDamaged<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    if (cause instanceof PhotoError) throw cause;
    throw damagedError(cause);
  }
}
