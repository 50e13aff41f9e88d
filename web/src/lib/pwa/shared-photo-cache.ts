/** The cache in which the service worker stores a photo that another app has shared. */
export const SHARED_PHOTO_CACHE = 'shared photos';
/** The photo's address in that cache. */
export const SHARED_PHOTO_PATH = '/shared-photo';
