import type { CreateVideoRequestSchema, Video } from '@cinematica/protocol/v1';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { api as gateway } from '#lib/api/client.ts';
import type { Api } from '#lib/api/client.ts';
import { isOutOfReach } from '#lib/api/errors.ts';
import { createPulse } from '#lib/api/pulse.ts';
import { createRequestId } from './request-id.ts';

/** What to make, without an id of its own: {@link createOrder} gives it one. */
export type Wish = Omit<MessageInitShape<typeof CreateVideoRequestSchema>, '$typeName' | 'requestId'>;

/** A wish that can be sent any number of times and makes one video. */
export interface Order {
  readonly wish: Wish;
  readonly requestId: string;
}

export const createOrder = (wish: Wish): Order => ({ wish, requestId: createRequestId() });

export interface SendOptions {
  readonly api?: Pick<Api, 'createVideo'>;
  /** Told `true` while the gateway is out of reach, and `false` when it is tried again. */
  readonly onwaiting?: (waiting: boolean) => void;
  /** The first pause before it is tried again; each further one is twice as long, up to thirty times this. Milliseconds. */
  readonly pauseMs?: number;
}

/**
 * Has a video made. Without a connection it waits and tries again, at once when the network comes back: the order's id
 * sees to it that an answer that was lost on the way does not make a second video.
 *
 * @throws ConnectError where the gateway refuses it; the signal's reason where that ends it
 */
export async function sendOrder(
  { wish, requestId }: Order,
  { api = gateway, onwaiting, pauseMs = 1000 }: SendOptions,
  signal: AbortSignal,
): Promise<Video> {
  const ended = new AbortController();
  const pulse = createPulse(AbortSignal.any([signal, ended.signal]));
  let pause = pauseMs;
  try {
    for (;;) {
      signal.throwIfAborted();
      const beat = pulse.beat();
      try {
        const { video } = await api.createVideo({ ...wish, requestId }, { signal: beat });
        if (video) return video;
        throw new TypeError('the gateway accepted a video and did not say which');
      } catch (error) {
        signal.throwIfAborted();
        if (!beat.aborted && !isOutOfReach(error)) throw error;
      }
      onwaiting?.(true);
      await pulse.next(pause);
      pause = Math.min(pause * 2, pauseMs * 30);
      onwaiting?.(false);
    }
  } finally {
    ended.abort();
  }
}
