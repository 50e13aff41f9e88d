import { isGone } from './is-gone.ts';
import { refuseFields } from '@cinematica/protocol';
import type { StoredRecord, VideoTable } from '@cinematica/pipeline';

/** A page of a caller's videos. */
export interface Page {
  readonly videos: readonly StoredRecord[];
  /** For the next page; empty where this is the last. */
  readonly next: string;
}

export interface PageRequest {
  readonly owner: string;
  /** The most videos. */
  readonly size: number;
  /** `next` of the page before; empty for the first page. */
  readonly token: string;
  readonly showDeleted: boolean;
}

/** Whose videos are whose, so that listing a caller's does not look at everyone's. */
export interface OwnedVideos {
  /** Newest first. @throws RpcError INVALID_ARGUMENT for a token that is none */
  page(request: PageRequest): Page;
  close(): void;
}

export function indexByOwner(table: VideoTable): OwnedVideos {
  const byOwner = new Map<string, Set<string>>();
  const owners = new Map<string, string>();

  function take(videoId: string, stored: StoredRecord | null): void {
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

  const close = table.subscribe(({ videoId, stored }) => take(videoId, stored));
  for (const [videoId, stored] of table.videos) take(videoId, stored);

  return {
    page({ owner, size, token, showDeleted }) {
      const before = token === '' ? null : readToken(token);
      // Ids begin with the time.
      const ids = [...(byOwner.get(owner) ?? [])].sort().reverse();
      const videos: StoredRecord[] = [];
      for (const id of ids) {
        const stored = table.videos.get(id);
        if (!stored || (before !== null && id >= before) || isGone(stored.record)) continue;
        if (stored.record.purgeTime && !showDeleted) continue;
        if (videos.length === size) return { videos, next: writeToken(videos.at(-1)!.record.videoId) };
        videos.push(stored);
      }
      return { videos, next: '' };
    },
    close,
  };
}

/** Opaque, so that nobody relies on what is in it. */
const writeToken = (videoId: string): string => Buffer.from(`1/${videoId}`).toString('base64url');

function readToken(token: string): string {
  const [, videoId] = /^1\/([0-9a-f-]{36})$/.exec(Buffer.from(token, 'base64url').toString()) ?? [];
  if (videoId !== undefined) return videoId;
  const description = 'is not the next_page_token of another page: leave it out to begin anew';
  throw refuseFields([{ field: 'page_token', description }]);
}
