import type { StoredRecord, VideoTable } from '@cinematica/pipeline';
import type { VideoFilter } from './filter/video-filter.ts';
import type { ListOrder } from './list-order.ts';
import { isPastPurgeTime } from './past-purge-time.ts';

/** A page of an owner's videos. */
export interface Page {
  readonly videos: readonly StoredRecord[];
  /** Whether there are videos after this page. */
  readonly hasMore: boolean;
}

/** Which page is requested. Every field is required. */
export interface PageRequest {
  readonly owner: string;
  /** The maximum number of videos in the page. */
  readonly size: number;
  /** The id of the last video of the previous page; null for the first page. That video may have been deleted since. */
  readonly after: string | null;
  /** Whether the page includes deleted videos whose deletion can still be undone. */
  readonly showDeleted: boolean;
  /** Which videos the pages have. */
  readonly filter: VideoFilter;
  readonly order: ListOrder;
}

/** An index of the video table by owner, so that `ListVideos` does not scan the videos of all owners. */
export interface VideosByOwner {
  /** Returns a page of an owner's videos. */
  page(request: PageRequest): Page;
  /** The ids of an owner's videos, in no particular order. */
  idsOf(owner: string): readonly string[];
  close(): void;
}

/** Creates the index and keeps it up to date until it is closed. */
export function indexVideosByOwner(table: VideoTable): VideosByOwner {
  const byOwner = new Map<string, Set<string>>();
  const owners = new Map<string, string>();

  function update(videoId: string, stored: StoredRecord | null): void {
    const owner = stored?.record.owner ?? owners.get(videoId);
    if (owner === undefined) return;
    const ids = byOwner.get(owner) ?? new Set();
    if (stored) {
      owners.set(videoId, owner);
      byOwner.set(owner, ids.add(videoId));
    } else {
      owners.delete(videoId);
      ids.delete(videoId);
      if (ids.size === 0) byOwner.delete(owner);
    }
  }

  const close = table.subscribe(({ videoId, stored }) => update(videoId, stored));
  for (const [videoId, stored] of table.videos) update(videoId, stored);

  return {
    page({ owner, size, after, showDeleted, filter, order }) {
      // A video id is a UUIDv7, which starts with the time, so that the order of ids is the order of creation.
      const ids = [...(byOwner.get(owner) ?? [])].sort();
      if (order === 'newest first') ids.reverse();
      const isSeen = (id: string) => after !== null && (order === 'newest first' ? id >= after : id <= after);
      const videos: StoredRecord[] = [];
      for (const id of ids) {
        const stored = table.videos.get(id);
        if (!stored || isSeen(id) || isPastPurgeTime(stored.record)) continue;
        if (stored.record.purgeTime && !showDeleted) continue;
        if (!filter(stored.record)) continue;
        if (videos.length === size) return { videos, hasMore: true };
        videos.push(stored);
      }
      return { videos, hasMore: false };
    },
    idsOf: (owner) => [...(byOwner.get(owner) ?? [])],
    close,
  };
}
