import sharp from 'sharp';
import type { Sharp } from 'sharp';
import { readScans } from './jpeg-scans.ts';

/**
 * The largest part of the rows that may be missing. A photo of which a tenth was cut off still shows what was photographed;
 * of which a half is missing, it would become the video of another picture, so it has to be sent again.
 */
const MAX_MISSING = 0.1;

/** In a file that has its end, a part of one colour this large is taken for missing data, and a smaller one for a border. */
const MAX_BORDER = 0.4;

/** Below the last whole row of blocks, pixels of the same block row are made up. Blocks have at most this height. Pixels. */
const BLOCK_HEIGHT = 16;

/** Missing rows are looked for in an image of at most this height. Pixels. */
const SAMPLE_HEIGHT = 1_000;

const END_OF_IMAGE = Buffer.from([0xff, 0xd9]);

/** The part of a photo that is there. */
export interface KeptPart {
  /** Upright. */
  readonly image: Sharp;
  readonly width: number;
  readonly height: number;
}

/**
 * Decodes a JPEG with which the decoder found a fault, if the photo is there: one that only lacks its end, as interrupted
 * downloads leave them, or that has some bytes too many. Missing rows are cut off instead of shown as a grey strip. A
 * progressive JPEG has all its rows from its first scan on: it is taken when its last scan has begun, because what is missing
 * then cannot be seen.
 * @param original its stored size and its EXIF orientation.
 * @returns null when the file is damaged elsewhere, or too much is missing.
 */
export async function decodeFaultyJpeg(
  bytes: Uint8Array,
  { width, height, orientation }: { readonly width: number; readonly height: number; readonly orientation: number },
  limitInputPixels: number,
): Promise<KeptPart | null> {
  const scans = readScans(bytes);
  if (scans === null) return null;
  const isTurned = orientation >= 5;
  const failOn = scans.hasEnd ? 'error' : 'none';
  const decode = () => sharp(bytes, { failOn, limitInputPixels, sequentialRead: true });
  const whole = isTurned ? { width: height, height: width } : { width, height };
  if (!scans.hasEnd && (await lacksOnlyMarker(bytes, limitInputPixels)))
    return { image: decode().autoOrient(), ...whole };
  if (scans.isProgressive && !scans.lastHasBegun) return null;
  const missing = scans.isProgressive ? 0 : await missingRows(decode(), height);
  if (missing === 0) return { image: decode().autoOrient(), ...whole };
  if (scans.hasEnd) return missing <= MAX_BORDER * height ? { image: decode().autoOrient(), ...whole } : null;
  const kept = Math.floor(height - missing - BLOCK_HEIGHT);
  if (missing > MAX_MISSING * height || kept < height / 2) return null;

  const size = isTurned ? { width: kept, height: width } : { width, height: kept };
  // Where the stored bottom is in the upright photo (EXIF 2.32, table 4): at the top for 3 and 4, on the left for 6 and 7.
  const left = orientation === 6 || orientation === 7 ? height - kept : 0;
  const top = orientation === 3 || orientation === 4 ? height - kept : 0;
  return {
    image: sharp(bytes, { failOn, limitInputPixels })
      .autoOrient()
      .extract({ left, top, ...size }),
    ...size,
  };
}

async function lacksOnlyMarker(bytes: Uint8Array, limitInputPixels: number): Promise<boolean> {
  const closed = Buffer.concat([bytes, END_OF_IMAGE]);
  try {
    await sharp(closed, { failOn: 'warning', limitInputPixels, sequentialRead: true }).resize(64).raw().toBuffer();
    return true;
  } catch {
    return false;
  }
}

/**
 * The number of rows at the bottom that are missing. The decoder fills them with one colour: the mean of the last block, or
 * grey.
 */
async function missingRows(image: Sharp, height: number): Promise<number> {
  const { data, info } = await image
    // The nearest pixel, so that rows of one colour stay so.
    .resize({ height: Math.min(height, SAMPLE_HEIGHT), kernel: 'nearest' })
    .raw()
    .toBuffer({ resolveWithObject: true });
  const { channels } = info;
  const colour = data.subarray(data.length - channels);
  let flat = 0;
  for (let end = data.length; end >= channels; end -= channels, flat++) {
    if (data.compare(colour, 0, channels, end - channels, end) !== 0) break;
  }
  return (Math.floor(flat / info.width) / info.height) * height;
}
