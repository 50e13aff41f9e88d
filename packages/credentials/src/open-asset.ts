import { JPEG, PNG } from '@trustnxt/c2pa-ts/asset';
import type { Asset } from '@trustnxt/c2pa-ts/asset';
import { isMp4, openMp4 } from './mp4.ts';
import { isWebp, Webp } from './webp.ts';

/**
 * Opens a file to read its credentials.
 * @param media of an MPEG-4 file, a few bytes are replaced until this function returns.
 * @returns null for a format that has no place for them.
 * @throws when the file is damaged.
 */
export function openAsset(media: Uint8Array): Asset | null {
  if (isMp4(media)) return openMp4(media);
  if (isWebp(media)) return new Webp(media);
  if (JPEG.canRead(media)) return new JPEG(media);
  if (PNG.canRead(media)) return new PNG(media);
  return null;
}
