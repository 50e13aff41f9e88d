import type { Video } from '@cinematica/protocol/v1';
import { Code, ConnectError } from '@connectrpc/connect';
import { api as gateway } from '#lib/api/client.ts';
import type { Api } from '#lib/api/client.ts';
import { keepFresh } from '#lib/api/fresh-videos.svelte.ts';
import { isUnfinished } from '#lib/api/video-state.ts';
import { addObservation, startHistory } from '#lib/video/progress-history.ts';
import type { ProgressHistory } from '#lib/video/progress-history.ts';
import { toStatusView } from '#lib/video/status-view.ts';
import type { StatusView } from '#lib/video/status-view.ts';

/** Several videos that are kept up to date, to choose one of them. Its properties are reactive. */
export interface Variants {
  /** In the order of their names; without those that do not exist any more. */
  readonly videos: readonly Video[];
  /** The status of each video that is queued or running, by its name, as of the last answer. */
  readonly statuses: Readonly<Record<string, StatusView>>;
  /** Milliseconds until all of them are done; undefined if that is unknown, or nothing is left to be done. */
  readonly remainingMs: number | undefined;
  /** Whether the first answer has arrived. */
  readonly loaded: boolean;
  /** The error of the last calls; undefined if they succeeded. */
  readonly error: unknown;
  readonly accept: (video: Video) => void;
}

const POLL_MS = 1_500;

/**
 * Fetches the videos again and again until their states are final, and then before their links expire.
 *
 * @param signal stops the updates
 */
export function createVariants(
  names: readonly string[],
  signal: AbortSignal,
  api: Pick<Api, 'getVideo'> = gateway,
): Variants {
  let videos = $state.raw<readonly Video[]>([]);
  let statuses = $state.raw<Readonly<Record<string, StatusView>>>({});
  let loaded = $state(false);
  const histories: Record<string, ProgressHistory> = {};

  /** What was known before keeps the times from rising without a reason. */
  const statusOf = (video: Video, now: number): StatusView => {
    const observation = { video, progress: video.progress };
    const known = histories[video.name];
    const history = known ? addObservation(known, observation, now) : startHistory(observation, now);
    histories[video.name] = history;
    return toStatusView(history, now);
  };

  const setVideos = (next: readonly Video[]): void => {
    const now = Date.now();
    videos = next;
    statuses = Object.fromEntries(next.filter(isUnfinished).map((video) => [video.name, statusOf(video, now)]));
  };

  const fetchOne = async (name: string, attempt: AbortSignal): Promise<Video | undefined> => {
    try {
      const { video } = await api.getVideo({ name }, { signal: attempt });
      return video?.deleteTime ? undefined : video;
    } catch (cause) {
      const { code } = ConnectError.from(cause);
      if (code === Code.NotFound || code === Code.InvalidArgument) return undefined;
      throw cause;
    }
  };

  const fresh = keepFresh(
    async (attempt) => {
      const fetched = await Promise.all(names.map((name) => fetchOne(name, attempt)));
      setVideos(fetched.filter((video) => video !== undefined));
      loaded = true;
      return videos;
    },
    POLL_MS,
    signal,
  );

  return {
    get videos() {
      return videos;
    },
    get statuses() {
      return statuses;
    },
    get remainingMs() {
      const times = Object.values(statuses).map(({ remainingMs }) => remainingMs ?? Infinity);
      const last = Math.max(...times);
      return Number.isFinite(last) ? last : undefined;
    },
    get loaded() {
      return loaded;
    },
    get error() {
      return fresh.error;
    },
    accept(video) {
      setVideos(
        video.deleteTime
          ? videos.filter(({ name }) => name !== video.name)
          : videos.map((other) => (other.name === video.name ? video : other)),
      );
    },
  };
}
