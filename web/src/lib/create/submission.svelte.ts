import type { Video } from '@cinematica/protocol/v1';
import type { Api } from '#lib/api/client.ts';
import type { toSettings } from './choices.ts';
import { sendRequest, withRequestId } from './send-request.ts';
import type { IdempotentRequest } from './send-request.ts';
import { toRequest } from './source.ts';
import type { Source } from './source.ts';

/** `waiting`: the gateway is unreachable, and the request is retried. */
export type SubmissionState = 'idle' | 'sending' | 'waiting';

/** Sends the requests of the create screen. */
export interface Submission {
  /** Reactive. After a success it stays `sending`, because the screen is left. */
  readonly state: SubmissionState;
  /**
   * Requests a video. Until the gateway has accepted it, the same source and settings are sent as the same request, so that
   * they make one video.
   *
   * @returns the new video
   * @throws ConnectError if the gateway refuses the request
   */
  submit(source: Source, settings: ReturnType<typeof toSettings>): Promise<Video>;
}

export function createSubmission(api: Pick<Api, 'createVideo'>, signal: AbortSignal): Submission {
  let state = $state<SubmissionState>('idle');
  let pending: { readonly source: Source; readonly key: string; readonly request: IdempotentRequest } | undefined;

  const onwaiting = (waiting: boolean): void => {
    state = waiting ? 'waiting' : 'sending';
  };

  return {
    get state() {
      return state;
    },
    async submit(source, settings) {
      state = 'sending';
      try {
        const key = JSON.stringify(settings);
        if (pending?.source !== source || pending.key !== key) {
          pending = { source, key, request: withRequestId(await toRequest(source, settings)) };
        }
        const video = await sendRequest(pending.request, { api, onwaiting }, signal);
        pending = undefined;
        return video;
      } catch (error) {
        if (!signal.aborted) state = 'idle';
        throw error;
      }
    },
  };
}
