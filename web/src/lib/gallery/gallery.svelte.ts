import type { Video } from '@cinematica/protocol/v1';
import { SvelteSet } from 'svelte/reactivity';
import { api as gateway } from '#lib/api/client.ts';
import type { Api } from '#lib/api/client.ts';
import { msUntilRenewal } from '#lib/api/media.ts';
import { createRefreshScheduler } from '#lib/api/refresh-scheduler.ts';
import { isUnfinished } from '#lib/api/video-state.ts';
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
const RETRY_MS = 4_000;
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
  let error = $state.raw<unknown>();
  /** Deleted videos, which an answer that is under way may still contain. */
  const deleted = new SvelteSet<string>();
  const scheduler = createRefreshScheduler(signal);

  const withoutDeleted = (list: readonly Video[]) => list.filter(({ name }) => !deleted.has(name));

  async function fetchNewest(attempt: AbortSignal): Promise<void> {
    const pageSize = Math.min(MAX_PAGE_SIZE, Math.max(PAGE_SIZE, videos.length));
    const answer = await api.listVideos({ pageSize }, { signal: attempt });
    const complete = answer.nextPageToken === '';
    videos = mergeVideos(videos, withoutDeleted(answer.videos), complete);
    // If the list is longer than this answer, the previous token continues at its end.
    if (complete || videos.length <= answer.videos.length) nextPageToken = answer.nextPageToken;
    loaded = true;
  }

  /** @returns the delay before the next update in milliseconds; undefined if none is needed */
  async function update(): Promise<number | undefined> {
    const attempt = scheduler.attemptSignal();
    try {
      await fetchNewest(attempt);
      error = undefined;
      return videos.some(isUnfinished) ? POLL_MS : msUntilRenewal(videos);
    } catch (cause) {
      // The attempt starts over.
      if (attempt.aborted) return 0;
      error = cause;
      return RETRY_MS;
    }
  }

  async function run(): Promise<void> {
    while (!signal.aborted) {
      await scheduler.wait(await update());
      if (document.hidden) await untilVisible(signal);
    }
  }
  void run();

  // A video that another tab or device began, changed or removed. Without the shared stream the list is polled as well.
  let changed: ReturnType<typeof setTimeout> | undefined;
  const endFeed = followFeed().subscribe({
    onResponse({ name, message }) {
      const known = videos.find((video) => video.name === name);
      const isNew = message.case === 'video' && (!known || known.sequence < message.value.sequence);
      if (!isNew && message.case !== 'removed') return;
      clearTimeout(changed);
      changed = setTimeout(() => scheduler.refreshNow(), CHANGE_MS);
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
      return error;
    },
    async loadMore() {
      if (loadingMore || nextPageToken === '') return;
      loadingMore = true;
      try {
        const answer = await api.listVideos({ pageSize: PAGE_SIZE, pageToken: nextPageToken }, { signal });
        const older = withoutDeleted(answer.videos).filter(({ name }) => !videos.some((video) => video.name === name));
        videos = [...videos, ...older];
        nextPageToken = answer.nextPageToken;
        error = undefined;
      } catch (cause) {
        if (!signal.aborted) error = cause;
      } finally {
        loadingMore = false;
      }
    },
    accept(video) {
      if (video.deleteTime) deleted.add(video.name);
      else deleted.delete(video.name);
      videos = upsertVideo(videos, video);
    },
    refresh: () => scheduler.refreshNow(),
  };
}

/** Resolves when the page is visible, or the signal is aborted. */
function untilVisible(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = new AbortController();
    const done = (): void => {
      if (document.hidden && !signal.aborted) return;
      end.abort();
      resolve();
    };
    document.addEventListener('visibilitychange', done, { signal: end.signal });
    signal.addEventListener('abort', done, { signal: end.signal });
    done();
  });
}
