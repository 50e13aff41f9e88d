/** The cache in which the service worker leaves a photo that another app has shared. */
export const SHARED_PHOTOS = 'shared photos';
/** Its address there. */
export const SHARED_PHOTO = '/shared-photo';
