import { SHARED_PHOTO, SHARED_PHOTOS } from './shared-photo-place.ts';

/** The photo that another app has shared with this one, once; undefined where there is none, or no longer. */
export async function takeSharedPhoto(): Promise<File | undefined> {
  if (!('caches' in globalThis)) return undefined;
  const cache = await caches.open(SHARED_PHOTOS);
  const response = await cache.match(SHARED_PHOTO);
  if (!response) return undefined;
  await cache.delete(SHARED_PHOTO);
  const name = decodeURIComponent(response.headers.get('x-name') ?? 'photo');
  return new File([await response.blob()], name, { type: response.headers.get('content-type') ?? '' });
}
