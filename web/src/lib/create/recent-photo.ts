/** A picture that this page can show at once. */
export interface Picture {
  readonly url: string;
  /** Pixels, upright. */
  readonly width: number;
  readonly height: number;
}

/** How many photos stay in memory. */
const MOST = 4;
const kept = new Map<string, Picture>();

/**
 * Keeps the photo that a video is being made of, for the screen that comes next: there it is seen without being fetched.
 *
 * @param name `videos/{uuid}`
 * @param picture with an object URL, which is this module's from now on
 */
export function rememberPhoto(name: string, picture: Picture): void {
  kept.set(name, picture);
  const [oldest] = kept;
  if (kept.size <= MOST || !oldest) return;
  kept.delete(oldest[0]);
  // Several videos may have been made of the same photo.
  if (![...kept.values()].some(({ url }) => url === oldest[1].url)) URL.revokeObjectURL(oldest[1].url);
}

/** The photo that the video of this name was made of, if it was chosen on this page since it was loaded. */
export const recentPhoto = (name: string): Picture | undefined => kept.get(name);
