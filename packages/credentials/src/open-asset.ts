import { JPEG, PNG } from '@trustnxt/c2pa-ts/asset';
import type { Asset } from '@trustnxt/c2pa-ts/asset';
import { viewOf } from './bytes.ts';
import { UnsupportedMediaError } from './errors.ts';
import { isMp4, openMp4 } from './mp4.ts';
import { isWebp, Webp } from './webp.ts';

/**
 * Opens a file to read its credentials.
 * @param media of an MPEG-4 file, a few bytes are replaced until this function returns.
 * @returns null for a format that has no place for them.
 * @throws when the file is damaged, or has too many parts.
 */
export function openAsset(media: Uint8Array): Asset | null {
  if (isMp4(media)) return openMp4(media);
  if (isWebp(media)) return new Webp(media);
  if (JPEG.canRead(media)) return openParts(media, JPEG, 2, jpegSegmentBytes);
  if (PNG.canRead(media)) return openParts(media, PNG, 8, pngChunkBytes);
  return null;
}

/** A file with more segments or chunks is not read: the library keeps an object for each. Photos have up to a few thousand. */
const MAX_PARTS = 20_000;
/** The marker of a scan (ITU-T T.81, table B.1), behind whose header the library does not read. */
const START_OF_SCAN = 0xda;

const jpegSegmentBytes = (view: DataView, at: number): number =>
  view.getUint8(at + 1) === START_OF_SCAN ? Infinity : 2 + view.getUint16(at + 2);
/** The length, the type and the checksum of a chunk take 12 bytes (PNG, 5.3). */
const pngChunkBytes = (view: DataView, at: number): number => 12 + view.getUint32(at);

function openParts(
  media: Uint8Array,
  Format: new (media: Uint8Array) => Asset,
  start: number,
  lengthAt: (view: DataView, at: number) => number,
): Asset {
  const view = viewOf(media);
  let parts = 0;
  for (let at = start; at + 4 <= media.length; at += lengthAt(view, at)) {
    if (++parts > MAX_PARTS) throw new UnsupportedMediaError('the file has too many segments or chunks');
  }
  return new Format(media);
}
