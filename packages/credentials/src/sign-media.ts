import { JPEG } from '@trustnxt/c2pa-ts/asset';
import type { Asset } from '@trustnxt/c2pa-ts/asset';
import type { Signer } from '@trustnxt/c2pa-ts/cose';
import { DataHashAssertion } from '@trustnxt/c2pa-ts/manifest';
import { UnsupportedMediaError } from './errors.ts';
import { createManifest } from './manifest.ts';
import type { MediaOrigin } from './manifest.ts';
import { isMp4, openMp4, reserveInMp4 } from './mp4.ts';
import { openAsset } from './open-asset.ts';
import { isWebp, Webp } from './webp.ts';

/** A file with space for credentials. */
interface ReservedMedia {
  readonly contentType: string;
  /** @param length of the credentials, bytes. */
  readonly reserve: (length: number) => Promise<Asset>;
}

/**
 * Adds content credentials (C2PA 2.1) to a file. They take about 4 kB. With an Ed25519 key, the same file and origin give the same bytes.
 * @param media an MPEG-4, WebP or JPEG file without credentials.
 * @returns the file with its credentials.
 * @throws {@link UnsupportedMediaError} when the file has another format, is damaged, or has credentials.
 */
export async function signMedia(media: Uint8Array, origin: MediaOrigin, signer: Signer): Promise<Uint8Array> {
  const { contentType, reserve } = prepare(media);
  if (openAsset(media)?.getManifestJUMBF()) throw new UnsupportedMediaError('the file has content credentials');
  const { store, manifest, binding } = createManifest(media, contentType, origin, signer);
  // RIFF pads a chunk of an odd length, which the reader of the c2pa project takes for a part of its content.
  if (binding instanceof DataHashAssertion && store.measureSize() % 2 === 1) binding.paddingLength++;
  const length = store.measureSize();
  const asset = await reserve(length);
  await binding.updateWithAsset(asset);
  await manifest.sign(signer);
  await asset.writeManifestJUMBF(store.getBytes());
  return asset.getDataRange();
}

function prepare(media: Uint8Array): ReservedMedia {
  if (isMp4(media)) {
    return {
      contentType: 'video/mp4',
      reserve: (length) => Promise.resolve(openMp4(reserveInMp4(media, length))),
    };
  }
  if (isWebp(media)) return inPlace('image/webp', new Webp(media));
  if (JPEG.canRead(media)) return inPlace('image/jpeg', new JPEG(media));
  throw new UnsupportedMediaError('content credentials need an MPEG-4, WebP or JPEG file');
}

function inPlace(contentType: string, asset: Asset): ReservedMedia {
  return {
    contentType,
    async reserve(length) {
      await asset.ensureManifestSpace(length);
      return asset;
    },
  };
}
