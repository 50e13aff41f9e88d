import type { Video } from '@cinematica/protocol/v1';
import type { Api } from '#lib/api/client.ts';
import { MAX_SEED } from './choices.ts';
import type { toSettings } from './choices.ts';
import { sendRequest, withRequestId } from './send-request.ts';
import type { IdempotentRequest, VideoRequest } from './send-request.ts';
import { toRequest } from './source.ts';
import type { Source } from './source.ts';

/** `waiting`: the gateway is unreachable, and the request is retried. */
export type SubmissionState = 'idle' | 'sending' | 'waiting';

type Settings = ReturnType<typeof toSettings>;

/** Sends the requests of the create screen. */
export interface Submission {
  /** Reactive. After a success it stays `sending`, because the screen is left. */
  readonly state: SubmissionState;
  /** Whether the user has stopped the last request. */
  readonly stopped: boolean;
  /**
   * Requests videos that differ only in the seed. Until the gateway has accepted them, the same source and settings are sent
   * as the same requests, so that no video is made twice.
   *
   * @returns the new videos: if the gateway refuses one after the first, those that it has accepted
   * @throws ConnectError if the gateway refuses the first request
   */
  submit(source: Source, settings: Settings, variants?: number): Promise<readonly Video[]>;
  stop(): void;
}

interface Pending {
  readonly source: Source;
  readonly key: string;
  readonly requests: IdempotentRequest[];
  readonly videos: Video[];
}

export function createSubmission(api: Pick<Api, 'createVideo'>, signal: AbortSignal): Submission {
  let state = $state<SubmissionState>('idle');
  let current = new AbortController();
  let pending: Pending | undefined;

  const onwaiting = (waiting: boolean): void => {
    state = waiting ? 'waiting' : 'sending';
  };

  async function send(work: Pending, settings: Settings, index: number, either: AbortSignal): Promise<void> {
    const [first] = work.videos;
    work.requests[index] ??= withRequestId(
      first ? sibling(work.source, first, settings, index) : await toRequest(work.source, settings),
    );
    work.videos.push(await sendRequest(work.requests[index], { api, onwaiting }, either));
  }

  return {
    get state() {
      return state;
    },
    get stopped() {
      return current.signal.aborted;
    },
    async submit(source, settings, variants = 1) {
      state = 'sending';
      current = new AbortController();
      try {
        const key = JSON.stringify([settings, variants]);
        if (pending?.source !== source || pending.key !== key) pending = { source, key, requests: [], videos: [] };
        const work = pending;
        const either = AbortSignal.any([signal, current.signal]);
        for (let index = work.videos.length; index < variants; index++) {
          try {
            await send(work, settings, index, either);
          } catch (error) {
            // The videos that exist are shown, even if there is no room for more.
            if (work.videos.length === 0 || either.aborted) throw error;
            break;
          }
        }
        pending = undefined;
        return work.videos;
      } catch (error) {
        if (!signal.aborted) state = 'idle';
        throw error;
      }
    },
    stop() {
      current.abort();
    },
  };
}

/** The request for another video like the first one, with the next seed or, if none was chosen, a random one. */
function sibling(source: Source, first: Video, settings: Settings, index: number): VideoRequest {
  const seed = 'seed' in settings ? (settings.seed + index) % (MAX_SEED + 1) : undefined;
  const own = seed === undefined ? settings : { ...settings, seed };
  return source.kind === 'continue'
    ? { source: { case: 'continueFrom', value: source.video.name }, settings: own }
    : { source: { case: 'video', value: first.name }, settings: own };
}
