import type { Video } from '@cinematica/protocol/v1';

/**
 * A list of videos, newest first, with what was fetched anew of it: everything that is as new as the oldest of those is
 * taken from them alone, so that what is gone goes.
 *
 * @param all whether nothing is older than what was fetched.
 */
export function mergeVideos(known: readonly Video[], fresh: readonly Video[], all: boolean): readonly Video[] {
  const oldest = fresh.at(-1)?.name;
  // Their names begin with the time.
  const older = all || oldest === undefined ? [] : known.filter(({ name }) => name < oldest);
  const newer = new Map(known.map((video) => [video.name, video]));
  return [...fresh.map((video) => newest(newer.get(video.name), video)), ...older];
}

/** A list with one video put in its place, or taken out where it was deleted. */
export function placeVideo(known: readonly Video[], video: Video): readonly Video[] {
  const others = known.filter(({ name }) => name !== video.name);
  if (video.deleteTime) return others;
  const after = others.findIndex(({ name }) => name < video.name);
  return after < 0 ? [...others, video] : others.toSpliced(after, 0, video);
}

/** Answers overtake each other. */
const newest = (known: Video | undefined, video: Video): Video =>
  known && known.sequence > video.sequence ? known : video;
