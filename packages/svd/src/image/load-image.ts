import { readFile } from 'node:fs/promises';
import sharp from 'sharp';
import type { RgbImage } from './image.ts';
import { ImageError } from './image-error.ts';

/** Options of {@link loadImage}. */
export interface LoadImageOptions {
  /** Maximum number of pixels; default 50 million. */
  readonly maxPixels?: number;
  /** Minimum number of pixels of each side; default 16. */
  readonly minSide?: number;
  /** Name of an image that is passed as bytes, for error messages; default `the image`. */
  readonly name?: string;
}

/** The supported formats. libvips supports more, but formats such as SVG and PDF need an interpreter, which is a risk. */
const FORMATS = new Set(['jpeg', 'png', 'webp', 'heif', 'gif', 'tiff']);

/** The background of transparent parts, as in most viewers. */
const BACKGROUND = '#ffffff';

/**
 * Decodes a photo. It applies the EXIF orientation, converts embedded color profiles, CMYK, grey, palettes and 16 bits to
 * 8-bit sRGB, shows transparent parts on white, and returns the first frame of an animation.
 *
 * @param source a path, or the bytes of a JPEG, PNG, WebP, AVIF, GIF or TIFF file
 * @throws {@link ImageError} when the file is missing, unsupported, damaged, truncated, too large or too small
 */
export async function loadImage(
  source: string | Uint8Array,
  options: LoadImageOptions = {},
  signal?: AbortSignal,
): Promise<RgbImage> {
  const { maxPixels = 50_000_000, minSide = 16 } = options;
  const name = typeof source === 'string' ? source : (options.name ?? 'the image');
  const bytes = typeof source === 'string' ? await readImageFile(source, signal) : source;
  if (bytes.length === 0) throw new ImageError(`${name}: the file is empty`);

  const { format, width, height } = await readHeader(bytes, name);
  if (!FORMATS.has(format)) {
    throw new ImageError(`${name}: ${format} is not supported; use a JPEG, PNG, WebP, AVIF, GIF or TIFF file`);
  }
  if (width * height > maxPixels) {
    throw new ImageError(`${name}: ${width}×${height} pixels are too many; the limit is ${maxPixels / 1e6} megapixels`);
  }
  if (Math.min(width, height) < minSide) {
    throw new ImageError(`${name}: ${width}×${height} pixels are too few; each side must have at least ${minSide}`);
  }
  signal?.throwIfAborted();
  try {
    const { data, info } = await sharp(bytes, { failOn: 'error', limitInputPixels: maxPixels, pages: 1 })
      .autoOrient()
      .toColourspace('srgb')
      .flatten({ background: BACKGROUND })
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    return { width: info.width, height: info.height, data: new Uint8Array(data.buffer, data.byteOffset, data.length) };
  } catch (cause) {
    throw new ImageError(`${name}: the ${format} file is damaged or truncated (${firstLine(cause)})`, { cause });
  }
}

/** Reads the file of an image. @throws {@link ImageError} that tells why it cannot be read */
export async function readImageFile(path: string, signal?: AbortSignal): Promise<Uint8Array> {
  try {
    return await readFile(path, signal ? { signal } : {});
  } catch (cause) {
    signal?.throwIfAborted();
    throw new ImageError(`${path}: ${reasons[errorCode(cause)] ?? `cannot be read (${firstLine(cause)})`}`, { cause });
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  ENOTDIR: 'no such file',
  EISDIR: 'this is a folder, not an image',
  EACCES: 'no permission to read this file',
  ERR_FS_FILE_TOO_LARGE: 'the file is too large to be a photo',
};

/** Reads only the header, so that the size is known before memory is allocated for the pixels. */
async function readHeader(bytes: Uint8Array, name: string) {
  try {
    const { format, width, height } = await sharp(bytes, { limitInputPixels: false }).metadata();
    return { format: format as string, width, height };
  } catch (cause) {
    throw new ImageError(`${name}: not a supported image; use a JPEG, PNG, WebP, AVIF, GIF or TIFF file`, {
      cause,
    });
  }
}

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

function firstLine(error: unknown): string {
  return String(error instanceof Error ? error.message : error).split('\n', 1)[0] ?? '';
}
