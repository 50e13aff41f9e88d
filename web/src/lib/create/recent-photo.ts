/** A picture with an URL that an `<img>` can show. */
export interface Picture {
  readonly url: string;
  /** Pixels, upright. */
  readonly width: number;
  readonly height: number;
}

/** How many photos are kept in memory. */
const MAX_PHOTOS = 4;
const photos = new Map<string, Picture>();

/**
 * Keeps a video's photo in memory, so that the video's screen shows it without a download.
 *
 * @param name `videos/{uuid}`
 * @param picture with an object URL, which this module revokes from now on
 */
export function rememberPhoto(name: string, picture: Picture): void {
  photos.set(name, picture);
  const [oldest] = photos;
  if (photos.size <= MAX_PHOTOS || !oldest) return;
  photos.delete(oldest[0]);
  // Several videos may share a photo.
  if (![...photos.values()].some(({ url }) => url === oldest[1].url)) URL.revokeObjectURL(oldest[1].url);
}

/** The photo of a video; undefined if it was not chosen since this page was loaded. @param name `videos/{uuid}` */
export const recentPhoto = (name: string): Picture | undefined => photos.get(name);
