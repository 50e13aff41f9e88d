import { SHARED_PHOTO_CACHE, SHARED_PHOTO_PATH } from '../lib/pwa/shared-photo-cache.ts';

/** Stores a photo that another app has shared, and redirects to the create screen, which takes it from the cache. */
export async function receiveSharedPhoto(request: Request): Promise<Response> {
  const photo = (await request.formData()).get('photo');
  if (!(photo instanceof File) || photo.size === 0) return Response.redirect('/', 303);
  const cache = await caches.open(SHARED_PHOTO_CACHE);
  const headers = { 'content-type': photo.type, 'x-name': encodeURIComponent(photo.name) };
  await cache.put(SHARED_PHOTO_PATH, new Response(photo, { headers }));
  return Response.redirect('/create?photo=shared', 303);
}
