import { SHARED_PHOTO_CACHE, SHARED_PHOTO_PATH } from './shared-photo-cache.ts';

/** Takes the photo that another app has shared out of the cache; undefined if there is none. */
export async function takeSharedPhoto(): Promise<File | undefined> {
  if (!('caches' in globalThis)) return undefined;
  const cache = await caches.open(SHARED_PHOTO_CACHE);
  const response = await cache.match(SHARED_PHOTO_PATH);
  if (!response) return undefined;
  await cache.delete(SHARED_PHOTO_PATH);
  const name = decodeURIComponent(response.headers.get('x-name') ?? 'photo');
  return new File([await response.blob()], name, { type: response.headers.get('content-type') ?? '' });
}
