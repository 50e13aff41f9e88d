import { isPastPurgeTime } from './past-purge-time.ts';
import { refuseFields } from '@cinematica/protocol';
import type { StoredRecord, VideoTable } from '@cinematica/pipeline';

/** A page of an owner's videos. */
export interface Page {
  readonly videos: readonly StoredRecord[];
  /** The token of the next page; empty when this is the last one. */
  readonly next: string;
}

/** Which page is requested. Every field is required. */
export interface PageRequest {
  readonly owner: string;
  /** The maximum number of videos in the page. */
  readonly size: number;
  /** `next` of the previous page; empty for the first page. */
  readonly token: string;
  /** Whether the page includes deleted videos whose deletion can still be undone. */
  readonly showDeleted: boolean;
}

/** An index of the video table by owner, so that `ListVideos` does not scan the videos of all owners. */
export interface VideosByOwner {
  /**
   * Returns a page of an owner's videos, newest first.
   * @throws RpcError INVALID_ARGUMENT for an invalid token.
   */
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
    page({ owner, size, token, showDeleted }) {
      const before = token === '' ? null : readToken(token);
      // A video id is a UUIDv7, which starts with the time, so that the order of ids is the order of creation.
      const ids = [...(byOwner.get(owner) ?? [])].sort().reverse();
      const videos: StoredRecord[] = [];
      for (const id of ids) {
        const stored = table.videos.get(id);
        if (!stored || (before !== null && id >= before) || isPastPurgeTime(stored.record)) continue;
        if (stored.record.purgeTime && !showDeleted) continue;
        if (videos.length === size) return { videos, next: writeToken(videos.at(-1)!.record.videoId) };
        videos.push(stored);
      }
      return { videos, next: '' };
    },
    idsOf: (owner) => [...(byOwner.get(owner) ?? [])],
    close,
  };
}

/** The token is opaque, so that clients do not depend on its content. */
const writeToken = (videoId: string): string => Buffer.from(`1/${videoId}`).toString('base64url');

function readToken(token: string): string {
  const [, videoId] = /^1\/([0-9a-f-]{36})$/.exec(Buffer.from(token, 'base64url').toString()) ?? [];
  if (videoId !== undefined) return videoId;
  const description = 'is not the next_page_token of another page: leave it out to get the first page';
  throw refuseFields([{ field: 'page_token', description }]);
}
