import type { Video } from '@cinematica/protocol/v1';

/**
 * Replaces the beginning of a list of videos with freshly fetched ones. Known videos that are missing among the fetched ones
 * are dropped, unless they are older than all of them.
 *
 * @param known newest first
 * @param fetched newest first
 * @param complete whether there are no videos older than the fetched ones
 */
export function mergeVideos(known: readonly Video[], fetched: readonly Video[], complete: boolean): readonly Video[] {
  const oldest = fetched.at(-1)?.name;
  // The UUIDs in the names begin with a timestamp.
  const older = complete || oldest === undefined ? [] : known.filter(({ name }) => name < oldest);
  const knownByName = new Map(known.map((video) => [video.name, video]));
  return [...fetched.map((video) => newest(knownByName.get(video.name), video)), ...older];
}

/** Adds or replaces a video in a list, newest first; removes it if it is deleted. */
export function upsertVideo(known: readonly Video[], video: Video): readonly Video[] {
  const others = known.filter(({ name }) => name !== video.name);
  if (video.deleteTime) return others;
  const after = others.findIndex(({ name }) => name < video.name);
  return after < 0 ? [...others, video] : others.toSpliced(after, 0, video);
}

/** Answers may arrive out of order. */
const newest = (known: Video | undefined, video: Video): Video =>
  known && known.sequence > video.sequence ? known : video;
