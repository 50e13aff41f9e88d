import type { CreateVideoRequestSchema, Video } from '@cinematica/protocol/v1';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { api as gateway } from '#lib/api/client.ts';
import type { Api } from '#lib/api/client.ts';
import { isUnreachable } from '#lib/api/errors.ts';
import { createRefreshScheduler } from '#lib/api/refresh-scheduler.ts';
import { createRequestId } from './request-id.ts';

/** A request for a video, without a request id. */
export type VideoRequest = Omit<MessageInitShape<typeof CreateVideoRequestSchema>, '$typeName' | 'requestId'>;

/** A request with its request id: however often it is sent, the gateway creates one video. */
export interface IdempotentRequest {
  readonly request: VideoRequest;
  readonly requestId: string;
}

export const withRequestId = (request: VideoRequest): IdempotentRequest => ({ request, requestId: createRequestId() });

export interface SendOptions {
  readonly api?: Pick<Api, 'createVideo'>;
  /** Called with `true` when the gateway is unreachable, and with `false` before each retry. */
  readonly onwaiting?: (waiting: boolean) => void;
  /**
   * Delay before the first retry; it doubles with each retry, up to thirty times this. Milliseconds.
   *
   * @default 1000
   */
  readonly retryDelayMs?: number;
}

/**
 * Calls `CreateVideo`, and retries while the gateway is unreachable. The request id makes the retries safe: if only the
 * answer was lost, no second video is created.
 *
 * @returns the new video
 * @throws ConnectError if the gateway refuses the request; the signal's reason if it is aborted
 */
export async function sendRequest(
  { request, requestId }: IdempotentRequest,
  { api = gateway, onwaiting, retryDelayMs = 1000 }: SendOptions,
  signal: AbortSignal,
): Promise<Video> {
  const finished = new AbortController();
  const scheduler = createRefreshScheduler(AbortSignal.any([signal, finished.signal]));
  let delayMs = retryDelayMs;
  try {
    for (;;) {
      signal.throwIfAborted();
      const attempt = scheduler.attemptSignal();
      try {
        const { video } = await api.createVideo({ ...request, requestId }, { signal: attempt });
        if (video) return video;
        throw new TypeError('the gateway returned no video');
      } catch (error) {
        signal.throwIfAborted();
        if (!attempt.aborted && !isUnreachable(error)) throw error;
      }
      onwaiting?.(true);
      await scheduler.wait(delayMs);
      delayMs = Math.min(delayMs * 2, retryDelayMs * 30);
      onwaiting?.(false);
    }
  } finally {
    finished.abort();
  }
}
