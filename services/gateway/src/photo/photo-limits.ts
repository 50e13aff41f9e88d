import { MAX_PHOTO_PIXELS, MAX_PHOTO_SIDE } from '@cinematica/settings/photo-size';

/** The limits of a photo and of decoding it. The defaults are {@link PHOTO_LIMITS}. */
export interface PhotoLimits {
  /** The maximum size of an upload. Bytes. Default 12 MB. */
  readonly maxBytes: number;
  /** The most pixels, according to the header. Default 50 million. */
  readonly maxPixels: number;
  /**
   * The most pixels of a photo that is scaled down while it is loaded, so that its pixels are never in memory together: a
   * JPEG that is not progressive. The largest sensors of phones have 200 megapixels. Default 210 million.
   */
  readonly maxShrunkPixels: number;
  /** The most memory that the codec may need, estimated from the header. Bytes. Default 320 MB. */
  readonly maxDecodedBytes: number;
  /** The minimum width and height of the photo and of the result. Pixels. Default 16. */
  readonly minSide: number;
  /** The maximum width and height of the result. Larger photos are scaled down; panoramas may be longer. Full HD needs 1920 for a video in the shape
   * of the photo, and more for a part of it. Pixels. Default 2560. */
  readonly maxResultSide: number;
  /** The most pixels of the result, which limits the memory that scaling and encoding need. Default 5 million. */
  readonly maxResultPixels: number;
  /** The maximum increase of the process's resident memory while it decodes a photo. It is checked every 5 ms. Bytes. Default 400 MiB. */
  readonly maxMemory: number;
  /** The time limit of decoding, without the time spent waiting for a process. Milliseconds. Default 10 seconds. */
  readonly timeoutMs: number;
}

/**
 * With these limits, the gateway and one photo process together use at most 500 MB more than when they are idle.
 * `maxDecodedBytes` limits AVIF, whose decoder has several copies of a picture in memory, to 21 megapixels (12 with more than
 * 8 bits), HEIC with more than 8 bits to 32, and progressive CMYK JPEG and interlaced 16-bit PNG with alpha to 40. A JPEG that
 * is not progressive may have 210 megapixels. All other photos may have 50 megapixels.
 */
export const PHOTO_LIMITS: PhotoLimits = {
  maxBytes: 12_000_000,
  maxPixels: 50_000_000,
  maxShrunkPixels: 210_000_000,
  maxDecodedBytes: 320_000_000,
  minSide: 16,
  maxResultSide: MAX_PHOTO_SIDE,
  maxResultPixels: MAX_PHOTO_PIXELS,
  maxMemory: 400 * 2 ** 20,
  timeoutMs: 10_000,
};
