import { durationMs } from '@bufbuild/protobuf/wkt';
import type { VideoSettings } from '@cinematica/protocol/v1';
import { api as gateway } from '#lib/api/client.ts';
import type { Api } from '#lib/api/client.ts';
import type { Size } from './crop.ts';

/** How long settings stay the same before they are asked for. Milliseconds. */
const DEBOUNCE_MS = 250;
/** Videos that differ only in the seed, and that would be requested together. */
export interface EstimatedVideos {
  readonly settings: VideoSettings;
  /** The size of the photo in pixels. */
  readonly photo: Size;
  readonly count: number;
}

/** How long videos would take. */
export interface Estimate {
  /** Milliseconds until all of them would be done. */
  readonly remainingMs: number;
  /** How many they are. */
  readonly count: number;
  /** The number of other videos ahead of them. */
  readonly videosAhead: number;
}

/** The last estimate. Its property is reactive. */
export interface WaitEstimate {
  /** Undefined if it is unknown. After a change of the settings, it is that of the former ones until the answer arrives. */
  readonly current: Estimate | undefined;
}

/** Asks the gateway once. @returns undefined if it does not know */
export async function fetchEstimate(
  { settings, photo, count }: EstimatedVideos,
  api: Pick<Api, 'estimateVideo'>,
  signal: AbortSignal,
): Promise<Estimate | undefined> {
  const request = { settings, photoWidth: photo.width, photoHeight: photo.height, videoCount: count };
  const { estimate } = await api.estimateVideo(request, { signal });
  if (!estimate?.remaining) return undefined;
  return { remainingMs: durationMs(estimate.remaining), count, videosAhead: estimate.videosAhead };
}

/**
 * Asks the gateway how long videos would take, and again when the settings or their number change. Call it while a component is
 * created.
 *
 * @param request undefined while the settings are unknown
 * @param renewMs how often the estimate is renewed, because it depends on the videos of others; milliseconds
 */
export function estimateWait(
  request: () => EstimatedVideos | undefined,
  renewMs = 15_000,
  api: Pick<Api, 'estimateVideo'> = gateway,
): WaitEstimate {
  let estimate = $state.raw<Estimate>();

  $effect(() => {
    const asked = request();
    if (!asked) return;
    const end = new AbortController();
    const ask = async (): Promise<void> => {
      try {
        estimate = await fetchEstimate(asked, api, end.signal);
      } catch {
        // Without an answer there is no estimate. The request itself will say what is wrong.
        if (!end.signal.aborted) estimate = undefined;
      }
    };
    const first = setTimeout(() => void ask(), DEBOUNCE_MS);
    const renewal = setInterval(() => document.hidden || void ask(), renewMs);
    return () => {
      clearTimeout(first);
      clearInterval(renewal);
      end.abort();
    };
  });

  return {
    get current() {
      return estimate;
    },
  };
}
