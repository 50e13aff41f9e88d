import { createPhotoSanitizer, PhotoError, PHOTO_LIMITS, sniffFormat } from '@cinematica/gateway/photos';
import { ImageError, loadImage, readImageFile } from '@cinematica/svd';
import { keptPhotoSize } from '@cinematica/settings';
import sharp from 'sharp';

/** A photo that can be uploaded. */
export interface Photo {
  readonly file: Uint8Array;
  /** The media type that the first bytes of the file show. */
  readonly mediaType: string;
  /** The photo as the system would keep it: for systems that do not accept the file's type or size. */
  readonly jpeg: Uint8Array;
}

/** Reads photos, in the same way and with the same refusals as the gateway, but with more memory. */
export interface PhotoReader extends AsyncDisposable {
  /** @throws ImageError when the file does not exist, is no photo, is damaged, or is too large or too small */
  read(path: string, signal: AbortSignal): Promise<Photo>;
}

/** A photo that is not sent as it is may be larger than the gateway accepts. */
const LIMITS = {
  maxBytes: 500_000_000,
  maxPixels: PHOTO_LIMITS.maxShrunkPixels,
  maxDecodedBytes: 1_500_000_000,
  maxMemory: 2 * 2 ** 30,
  timeoutMs: 60_000,
};

export function createPhotoReader(): PhotoReader {
  const sanitizer = createPhotoSanitizer({ limits: LIMITS });
  return {
    async read(path, signal) {
      const file = await readImageFile(path, signal);
      const sniffed = sniffFormat(file);
      if (sniffed.kind === 'other' && CONVERTED.includes(sniffed.name ?? '')) {
        return { file, mediaType: '', jpeg: await convert(file, path, signal) };
      }
      try {
        const { jpeg, original } = await sanitizer.sanitize(file, { signal });
        return { file, mediaType: `image/${original.format}`, jpeg };
      } catch (error) {
        if (!(error instanceof PhotoError)) throw error;
        throw new ImageError(`${path}: ${error.message}`, { cause: error });
      }
    },
    [Symbol.asyncDispose]: () => sanitizer[Symbol.asyncDispose](),
  };
}

/** Formats that the gateway does not read, by their names in `sniffFormat`. */
const CONVERTED = ['a GIF', 'a TIFF or a raw photo of a camera'];

async function convert(file: Uint8Array, name: string, signal: AbortSignal): Promise<Uint8Array> {
  const { width, height, data } = await loadImage(file, { name }, signal);
  return sharp(data, { raw: { width, height, channels: 3 } })
    .resize({ ...keptPhotoSize({ width, height }), fit: 'fill' })
    .jpeg({ quality: 95, chromaSubsampling: '4:4:4' })
    .toBuffer();
}
