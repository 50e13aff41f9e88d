/** How large a photo may be, and what may be spent on it. */
export interface PhotoLimits {
  /** Most bytes of an upload. */
  readonly maxBytes: number;
  /** Most pixels, as the header says. */
  readonly maxPixels: number;
  /** Most bytes that the codec may have to hold at once, as far as the header tells. */
  readonly maxDecodedBytes: number;
  /** Fewest pixels of a side, of the photo and of the result. */
  readonly minSide: number;
  /** Most pixels of a side of the result; larger photos are scaled down. */
  readonly maxResultSide: number;
  /** Most resident bytes that decoding may add to its process, whatever the header said; measured every few ms. */
  readonly maxMemory: number;
  /** Most milliseconds in the process, waiting for one not counted. */
  readonly timeoutMs: number;
}

/**
 * The aim is at most 500 MB over the resting memory for the service with one such process, which bounds what is held:
 * AVIF, whose decoder holds every picture several times, is accepted up to 21 megapixels (12 with more than 8 bits), all
 * else up to 50 (progressive CMYK and interlaced 16-bit ones with alpha up to 40).
 */
export const PHOTO_LIMITS: PhotoLimits = {
  maxBytes: 12_000_000,
  maxPixels: 50_000_000,
  maxDecodedBytes: 320_000_000,
  minSide: 16,
  maxResultSide: 2048,
  maxMemory: 430 * 2 ** 20,
  timeoutMs: 10_000,
};
