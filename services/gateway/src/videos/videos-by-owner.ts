import type { StoredRecord, VideoTable } from '@cinematica/pipeline';
import { refuseFields } from '@cinematica/protocol';
import { createHash } from 'node:crypto';
import type { VideoFilter } from './filter/video-filter.ts';
import type { ListOrder } from './list-order.ts';
import { isPastPurgeTime } from './past-purge-time.ts';

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
  /** Which videos the pages have. */
  readonly filter: VideoFilter;
  readonly order: ListOrder;
  /** The `filter` and `order_by` of the request. A token is valid only with those of the page that it comes from. */
  readonly query: readonly [filter: string, orderBy: string];
}

/** An index of the video table by owner, so that `ListVideos` does not scan the videos of all owners. */
export interface VideosByOwner {
  /**
   * Returns a page of an owner's videos.
   * @throws RpcError INVALID_ARGUMENT for an invalid token.
   */
  page(request: PageRequest): Page;
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
    page({ owner, size, token, showDeleted, filter, order, query }) {
      const last = token === '' ? null : readToken(token, query);
      // A video id is a UUIDv7, which starts with the time, so that the order of ids is the order of creation.
      const ids = [...(byOwner.get(owner) ?? [])].sort();
      if (order === 'newest first') ids.reverse();
      const isSeen = (id: string) => last !== null && (order === 'newest first' ? id >= last : id <= last);
      const videos: StoredRecord[] = [];
      for (const id of ids) {
        const stored = table.videos.get(id);
        if (!stored || isSeen(id) || isPastPurgeTime(stored.record)) continue;
        if (stored.record.purgeTime && !showDeleted) continue;
        if (!filter(stored.record)) continue;
        if (videos.length === size) return { videos, next: writeToken(videos.at(-1)!.record.videoId, query) };
        videos.push(stored);
      }
      return { videos, next: '' };
    },
    close,
  };
}

/** The token is opaque, so that clients do not depend on its content. */
const writeToken = (videoId: string, query: PageRequest['query']): string =>
  Buffer.from(`2/${videoId}/${digestOf(query)}`).toString('base64url');

function readToken(token: string, query: PageRequest['query']): string {
  const text = Buffer.from(token, 'base64url').toString();
  const [, videoId, digest] = /^2\/([0-9a-f-]{36})\/([\w-]{11})$/.exec(text) ?? [];
  if (videoId === undefined) {
    throw invalidToken('is not the next_page_token of another page: leave it out to get the first page');
  }
  if (digest === digestOf(query)) return videoId;
  throw invalidToken('belongs to pages with another filter or order_by: leave it out to get the first page');
}

/** A short digest of the parameters that the pages of a list have in common. */
const digestOf = (query: PageRequest['query']): string =>
  createHash('sha256').update(JSON.stringify(query)).digest('base64url').slice(0, 11);

const invalidToken = (description: string) => refuseFields([{ field: 'page_token', description }]);
