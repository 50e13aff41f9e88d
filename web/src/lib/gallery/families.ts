import type { Video } from '@cinematica/protocol/v1';

/** Videos that belong together: versions of one photo, and their continuations. */
export interface Family {
  /** Name of the video that the others come from; it may be missing among `videos`. */
  readonly key: string;
  /** Newest first. */
  readonly videos: readonly Video[];
}

/**
 * Groups videos by the video that they come from, directly or not.
 *
 * @param videos newest first
 * @param known also those that are not shown, such as a cancelled one between two versions
 * @returns in the order of their newest videos
 */
export function groupFamilies(videos: readonly Video[], known: readonly Video[] = videos): readonly Family[] {
  const byName = new Map(known.map((video) => [video.name, video]));
  const families = new Map<string, Video[]>();
  for (const video of videos) {
    const root = rootOf(video, byName);
    const members = families.get(root);
    if (members) members.push(video);
    else families.set(root, [video]);
  }
  return [...families].map(([key, members]) => ({ key, videos: members }));
}

/** The oldest known ancestor: a video, or the name of one that was deleted or not loaded. */
function rootOf(video: Video, byName: ReadonlyMap<string, Video>): string {
  let root = video.name;
  // A video is always newer than its parent, so that this ends.
  for (let current: Video | undefined = video; current; current = byName.get(root)) {
    const parent = parentOf(current);
    if (parent === '') break;
    root = parent;
  }
  return root;
}

const parentOf = ({ madeFrom, continuedFrom }: Video): string => continuedFrom || madeFrom;
