import type { Video } from '@cinematica/protocol/v1';
import { SvelteSet } from 'svelte/reactivity';
import { api as gateway } from '#lib/api/client.ts';
import type { Api } from '#lib/api/client.ts';
import { keepFresh } from '#lib/api/fresh-videos.svelte.ts';
import { feed } from '#lib/feed/feed.ts';
import type { Feed } from '#lib/feed/feed.ts';
import { mergeVideos, upsertVideo } from './merge-videos.ts';

/** The user's videos, newest first, which are kept up to date. Its properties are reactive. */
export interface Gallery {
  readonly videos: readonly Video[];
  /** Whether the first answer has arrived. */
  readonly loaded: boolean;
  /** Whether there are older videos that have not been fetched. */
  readonly hasMore: boolean;
  readonly loadingMore: boolean;
  /** The error of the last call; undefined if it succeeded. */
  readonly error: unknown;
  /** Fetches older videos. */
  readonly loadMore: () => Promise<void>;
  /** Applies a video that another call returned, such as `DeleteVideo`. */
  readonly accept: (video: Video) => void;
  /** Fetches the videos again now. */
  readonly refresh: () => void;
}

const PAGE_SIZE = 24;
const MAX_PAGE_SIZE = 100;
/** Polling interval while a video is unfinished: for its progress, and where the shared stream is silent. Milliseconds. */
const POLL_MS = 2_000;
/** Changes that follow each other within this time cause one update. Milliseconds. */
const CHANGE_MS = 300;

/** @param signal stops the updates. */
export function createGallery(
  signal: AbortSignal,
  api: Pick<Api, 'listVideos'> = gateway,
  followFeed: () => Feed = feed,
): Gallery {
  let videos = $state.raw<readonly Video[]>([]);
  let loaded = $state(false);
  let nextPageToken = $state('');
  let loadingMore = $state(false);
  /** Deleted videos, which an answer that is under way may still contain. */
  const deleted = new SvelteSet<string>();

  const withoutDeleted = (list: readonly Video[]) => list.filter(({ name }) => !deleted.has(name));

  async function fetchNewest(attempt: AbortSignal): Promise<readonly Video[]> {
    const pageSize = Math.min(MAX_PAGE_SIZE, Math.max(PAGE_SIZE, videos.length));
    const answer = await api.listVideos({ pageSize }, { signal: attempt });
    const complete = answer.nextPageToken === '';
    videos = mergeVideos(videos, withoutDeleted(answer.videos), complete);
    // If the list is longer than this answer, the previous token continues at its end.
    if (complete || videos.length <= answer.videos.length) nextPageToken = answer.nextPageToken;
    loaded = true;
    return videos;
  }

  const fresh = keepFresh(fetchNewest, POLL_MS, signal);

  // A video that another tab or device began, changed or removed. Without the shared stream the list is polled as well.
  let changed: ReturnType<typeof setTimeout> | undefined;
  const endFeed = followFeed().subscribe({
    onResponse({ name, message }) {
      const known = videos.find((video) => video.name === name);
      const isNew = message.case === 'video' && (!known || known.sequence < message.value.sequence);
      if (!isNew && message.case !== 'removed') return;
      clearTimeout(changed);
      changed = setTimeout(fresh.refresh, CHANGE_MS);
    },
  });
  signal.addEventListener(
    'abort',
    () => {
      clearTimeout(changed);
      endFeed();
    },
    { once: true },
  );

  return {
    get videos() {
      return videos;
    },
    get loaded() {
      return loaded;
    },
    get hasMore() {
      return nextPageToken !== '';
    },
    get loadingMore() {
      return loadingMore;
    },
    get error() {
      return fresh.error;
    },
    async loadMore() {
      if (loadingMore || nextPageToken === '') return;
      loadingMore = true;
      try {
        const answer = await api.listVideos({ pageSize: PAGE_SIZE, pageToken: nextPageToken }, { signal });
        const older = withoutDeleted(answer.videos).filter(({ name }) => !videos.some((video) => video.name === name));
        videos = [...videos, ...older];
        nextPageToken = answer.nextPageToken;
        fresh.error = undefined;
      } catch (cause) {
        if (!signal.aborted) fresh.error = cause;
      } finally {
        loadingMore = false;
      }
    },
    accept(video) {
      if (video.deleteTime) deleted.add(video.name);
      else deleted.delete(video.name);
      videos = upsertVideo(videos, video);
    },
    refresh: fresh.refresh,
  };
}
