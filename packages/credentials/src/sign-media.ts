import { BMFF, PNG } from '@trustnxt/c2pa-ts/asset';
import type { Asset } from '@trustnxt/c2pa-ts/asset';
import type { Signer } from '@trustnxt/c2pa-ts/cose';
import { DataHashAssertion } from '@trustnxt/c2pa-ts/manifest';
import { UnsupportedMediaError } from './errors.ts';
import { createManifest } from './manifest.ts';
import type { MediaOrigin } from './manifest.ts';
import { openMp4, reserveInMp4 } from './mp4.ts';
import { openAsset } from './open-asset.ts';
import { createTimestampProvider, TIMESTAMP_BYTES } from './timestamp.ts';
import type { TimestampAuthority } from './timestamp.ts';

/**
 * Adds content credentials (C2PA 2.1) to a file. They take about 4 kB, and 16 kB with a time stamp. With an Ed25519 key and without a
 * time stamp, the same file and origin give the same bytes.
 * @param media an MPEG-4, WebP or JPEG file without credentials.
 * @param authority says when the file was signed. Default: the credentials have no time stamp.
 * @returns the file with its credentials.
 * @throws {@link UnsupportedMediaError} when the file has another format, is damaged, or has credentials.
 */
export async function signMedia(
  media: Uint8Array,
  origin: MediaOrigin,
  signer: Signer,
  authority?: TimestampAuthority,
): Promise<Uint8Array> {
  const opened = openAsset(media);
  if (!opened || opened instanceof PNG) {
    throw new UnsupportedMediaError('content credentials need an MPEG-4, WebP or JPEG file');
  }
  if (opened.getManifestJUMBF()) throw new UnsupportedMediaError('the file has content credentials');
  // The library takes each file of boxes for a picture.
  const contentType = opened instanceof BMFF ? 'video/mp4' : opened.mimeType;
  const { store, manifest, binding } = createManifest(media, contentType, origin, signer, authority && TIMESTAMP_BYTES);
  // RIFF pads a chunk of an odd length, which the reader of the c2pa project takes for a part of its content.
  if (binding instanceof DataHashAssertion && store.measureSize() % 2 === 1) binding.paddingLength++;
  const asset = await reserve(opened, media, store.measureSize());
  await binding.updateWithAsset(asset);
  await manifest.sign(signer, authority && createTimestampProvider(authority));
  await asset.writeManifestJUMBF(store.getBytes());
  return asset.getDataRange();
}

/** @returns the file with space for credentials of this length in bytes. */
async function reserve(opened: Asset, media: Uint8Array, length: number): Promise<Asset> {
  // The library would move the chunks of a video without adjusting their offsets.
  if (opened instanceof BMFF) return openMp4(reserveInMp4(media, length));
  await opened.ensureManifestSpace(length);
  return opened;
}
