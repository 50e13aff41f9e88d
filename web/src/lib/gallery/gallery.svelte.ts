import type { Video } from '@cinematica/protocol/v1';
import { SvelteSet } from 'svelte/reactivity';
import { api } from '#lib/api/client.ts';
import { untilRenewal } from '#lib/api/media.ts';
import { createPulse } from '#lib/api/pulse.ts';
import { isUnfinished } from '#lib/video/words.ts';
import { mergeVideos, placeVideo } from './merge-videos.ts';

/** The visitor's videos, newest first, kept up to date, for templates to read. */
export interface Gallery {
  readonly videos: readonly Video[];
  /** Whether the first answer has come. */
  readonly known: boolean;
  /** Whether there are older ones that have not been fetched. */
  readonly hasMore: boolean;
  readonly loadingMore: boolean;
  /** Why the newest call failed; undefined where it did not. */
  readonly error: unknown;
  /** Fetches older ones. */
  readonly more: () => Promise<void>;
  /** Takes over what another call has answered, such as `DeleteVideo`. */
  readonly accept: (video: Video) => void;
  /** Asks again now. */
  readonly refresh: () => void;
}

const PAGE = 24;
const MOST = 100;
/**
 * While something is made. Not by `WatchVideo`: browsers have six connections to a server, and each watch would hold one.
 */
const LIVE_MS = 2_000;
const RETRY_MS = 4_000;

/** @param signal ends it. */
export function createGallery(signal: AbortSignal): Gallery {
  let videos = $state.raw<readonly Video[]>([]);
  let known = $state(false);
  let token = $state('');
  let loadingMore = $state(false);
  let error = $state.raw<unknown>();
  /** Deleted while a list may be on its way that still has it. */
  const deleted = new SvelteSet<string>();
  const pulse = createPulse(signal);

  const kept = (list: readonly Video[]) => list.filter(({ name }) => !deleted.has(name));

  async function fetchNewest(beat: AbortSignal): Promise<void> {
    const pageSize = Math.min(MOST, Math.max(PAGE, videos.length));
    const answer = await api.listVideos({ pageSize }, { signal: beat });
    const all = answer.nextPageToken === '';
    videos = mergeVideos(videos, kept(answer.videos), all);
    // Where more has been fetched than one answer holds, the older token still leads on.
    if (all || videos.length <= answer.videos.length) token = answer.nextPageToken;
    known = true;
  }

  /** @returns how long what was fetched is good for, in milliseconds; undefined for ever */
  async function update(): Promise<number | undefined> {
    const beat = pulse.beat();
    try {
      await fetchNewest(beat);
      error = undefined;
      return videos.some(isUnfinished) ? LIVE_MS : untilRenewal(videos);
    } catch (cause) {
      // Cut off to begin anew.
      if (beat.aborted) return 0;
      error = cause;
      return RETRY_MS;
    }
  }

  async function run(): Promise<void> {
    while (!signal.aborted) {
      await pulse.next(await update());
      // Nobody looks: the next reason to is that somebody does again.
      if (document.hidden) await visible(signal);
    }
  }
  void run();

  return {
    get videos() {
      return videos;
    },
    get known() {
      return known;
    },
    get hasMore() {
      return token !== '';
    },
    get loadingMore() {
      return loadingMore;
    },
    get error() {
      return error;
    },
    async more() {
      if (loadingMore || token === '') return;
      loadingMore = true;
      try {
        const answer = await api.listVideos({ pageSize: PAGE, pageToken: token }, { signal });
        const older = kept(answer.videos).filter(({ name }) => !videos.some((video) => video.name === name));
        videos = [...videos, ...older];
        token = answer.nextPageToken;
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
      videos = placeVideo(videos, video);
    },
    refresh: () => pulse.now(),
  };
}

/** Resolves when the page is seen, or the signal is aborted. */
function visible(signal: AbortSignal): Promise<void> {
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
