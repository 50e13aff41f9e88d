import { durationMs } from '@bufbuild/protobuf/wkt';
import type { Estimate, VideoSettings } from '@cinematica/protocol/v1';
import { api as gateway } from '#lib/api/client.ts';
import type { Api } from '#lib/api/client.ts';
import type { Size } from './crop.ts';

/** How long settings stay the same before they are asked for. Milliseconds. */
const DEBOUNCE_MS = 250;
/** How long a video would take. Its properties are reactive. */
export interface WaitEstimate {
  /** Milliseconds until it would be done; undefined if unknown. */
  readonly remainingMs: number | undefined;
  /** The number of videos ahead of it. */
  readonly videosAhead: number;
}

/**
 * Asks the gateway how long a video would take, and again when the settings change. Call it while a component is created.
 *
 * @param request the settings and the size of the photo in pixels; undefined while they are unknown
 * @param renewMs how often the estimate is renewed, because it depends on the videos of others; milliseconds
 */
export function estimateWait(
  request: () => { readonly settings: VideoSettings; readonly photo: Size } | undefined,
  renewMs = 15_000,
  api: Pick<Api, 'estimateVideo'> = gateway,
): WaitEstimate {
  let estimate = $state.raw<Estimate>();

  $effect(() => {
    const asked = request();
    if (!asked) return;
    const end = new AbortController();
    const ask = async (): Promise<void> => {
      const { settings, photo } = asked;
      try {
        const answer = await api.estimateVideo(
          { settings, photoWidth: photo.width, photoHeight: photo.height },
          { signal: end.signal },
        );
        estimate = answer.estimate;
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
    get remainingMs() {
      return estimate?.remaining && durationMs(estimate.remaining);
    },
    get videosAhead() {
      return estimate?.videosAhead ?? 0;
    },
  };
}
