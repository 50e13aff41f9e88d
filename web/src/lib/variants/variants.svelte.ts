import type { Video } from '@cinematica/protocol/v1';
import { Code, ConnectError } from '@connectrpc/connect';
import { api as gateway } from '#lib/api/client.ts';
import type { Api } from '#lib/api/client.ts';
import { msUntilRenewal } from '#lib/api/media.ts';
import { createRefreshScheduler } from '#lib/api/refresh-scheduler.ts';
import { isUnfinished } from '#lib/api/video-state.ts';

/** Several videos that are kept up to date, to choose one of them. Its properties are reactive. */
export interface Variants {
  /** In the order of their names; without those that do not exist any more. */
  readonly videos: readonly Video[];
  /** Whether the first answer has arrived. */
  readonly loaded: boolean;
  /** The error of the last calls; undefined if they succeeded. */
  readonly error: unknown;
  readonly accept: (video: Video) => void;
}

const POLL_MS = 1_500;
const RETRY_MS = 4_000;

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
  let loaded = $state(false);
  let error = $state.raw<unknown>();
  const scheduler = createRefreshScheduler(signal);

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

  /** @returns the delay before the next update in milliseconds; undefined if none is needed */
  const update = async (): Promise<number | undefined> => {
    const attempt = scheduler.attemptSignal();
    try {
      const fetched = await Promise.all(names.map((name) => fetchOne(name, attempt)));
      videos = fetched.filter((video) => video !== undefined);
      loaded = true;
      error = undefined;
      return videos.some(isUnfinished) ? POLL_MS : msUntilRenewal(videos);
    } catch (cause) {
      if (attempt.aborted) return 0;
      error = cause;
      return RETRY_MS;
    }
  };

  const run = async (): Promise<void> => {
    while (!signal.aborted) await scheduler.wait(await update());
  };
  void run();

  return {
    get videos() {
      return videos;
    },
    get loaded() {
      return loaded;
    },
    get error() {
      return error;
    },
    accept(video) {
      videos = video.deleteTime
        ? videos.filter(({ name }) => name !== video.name)
        : videos.map((other) => (other.name === video.name ? video : other));
    },
  };
}
