import type { Video } from '@cinematica/protocol/v1';
import { Code, ConnectError } from '@connectrpc/connect';
import { api as gateway } from '#lib/api/client.ts';
import type { Api } from '#lib/api/client.ts';
import { keepFresh } from '#lib/api/fresh-videos.svelte.ts';

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
      videos = fetched.filter((video) => video !== undefined);
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
    get loaded() {
      return loaded;
    },
    get error() {
      return fresh.error;
    },
    accept(video) {
      videos = video.deleteTime
        ? videos.filter(({ name }) => name !== video.name)
        : videos.map((other) => (other.name === video.name ? video : other));
    },
  };
}
