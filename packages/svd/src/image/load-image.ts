import { readFile } from 'node:fs/promises';
import sharp from 'sharp';
import type { RgbImage } from './image.ts';
import { ImageError } from './image-error.ts';

/** What {@link loadImage} accepts. */
export interface LoadImageOptions {
  /** Most pixels an image may have; 50 megapixels if not given. */
  readonly maxPixels?: number;
  /** Fewest pixels a side may have; 16 if not given. */
  readonly minSide?: number;
  /** What messages call an image that comes as bytes. */
  readonly name?: string;
}

/** libvips can open more (SVG, PDF, raw formats …): nothing that needs an interpreter is let in. */
const FORMATS = new Set(['jpeg', 'png', 'webp', 'heif', 'gif', 'tiff']);

/** Transparent parts show this, as most viewers do. */
const BACKGROUND = '#ffffff';

/**
 * Decodes a photo: upright (EXIF orientation), 8-bit sRGB (an embedded colour profile, CMYK, grey, palettes and 16 bits
 * are converted), transparency on white, the first frame of an animation.
 *
 * @param source a path, or the bytes of a JPEG, PNG, WebP, AVIF, GIF or TIFF file
 * @throws {@link ImageError} no such file, not an image, damaged or cut off, too large or too small
 */
export async function loadImage(
  source: string | Uint8Array,
  options: LoadImageOptions = {},
  signal?: AbortSignal,
): Promise<RgbImage> {
  const { maxPixels = 50_000_000, minSide = 16 } = options;
  const name = typeof source === 'string' ? source : (options.name ?? 'the image');
  const bytes = typeof source === 'string' ? await readSource(source, signal) : source;
  if (bytes.length === 0) throw new ImageError(`${name}: the file is empty`);

  const { format, width, height } = await readHeader(bytes, name);
  if (!FORMATS.has(format)) {
    throw new ImageError(`${name}: ${format} is not supported; use a JPEG, PNG, WebP, AVIF, GIF or TIFF file`);
  }
  if (width * height > maxPixels) {
    throw new ImageError(`${name}: ${width}×${height} pixels are too many; at most ${maxPixels / 1e6} megapixels`);
  }
  if (Math.min(width, height) < minSide) {
    throw new ImageError(`${name}: ${width}×${height} pixels are too few; each side needs at least ${minSide}`);
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
    throw new ImageError(`${name}: the ${format} file is damaged or cut off (${firstLine(cause)})`, { cause });
  }
}

async function readSource(path: string, signal: AbortSignal | undefined): Promise<Uint8Array> {
  try {
    return await readFile(path, { signal });
  } catch (cause) {
    signal?.throwIfAborted();
    throw new ImageError(`${path}: ${reasons[errorCode(cause)] ?? `can't be read (${firstLine(cause)})`}`, { cause });
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  ENOTDIR: 'no such file',
  EISDIR: 'this is a folder, not an image',
  EACCES: 'no permission to read this file',
  ERR_FS_FILE_TOO_LARGE: 'the file is too large to be a photo',
};

/** Reads the header only, so that the size is known before memory is taken for the pixels. */
async function readHeader(bytes: Uint8Array, name: string) {
  try {
    const { format, width, height } = await sharp(bytes, { limitInputPixels: false }).metadata();
    return { format: format as string, width, height };
  } catch (cause) {
    throw new ImageError(`${name}: not an image that can be read; use a JPEG, PNG, WebP, AVIF, GIF or TIFF file`, {
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
