import { SHARED_PHOTO, SHARED_PHOTOS } from '../lib/pwa/shared-photo-place.ts';

/** Takes a photo that another app has shared, keeps it for the page that makes a video of it, and goes there. */
export async function takeShare(request: Request): Promise<Response> {
  const photo = (await request.formData()).get('photo');
  if (!(photo instanceof File) || photo.size === 0) return Response.redirect('/', 303);
  const cache = await caches.open(SHARED_PHOTOS);
  const headers = { 'content-type': photo.type, 'x-name': encodeURIComponent(photo.name) };
  await cache.put(SHARED_PHOTO, new Response(photo, { headers }));
  return Response.redirect('/?photo=shared', 303);
}
