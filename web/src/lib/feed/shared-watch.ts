import { create } from '@bufbuild/protobuf';
import { WatchVideoResponseSchema } from '@cinematica/protocol/v1';
import type { WatchVideoResponse, WatchVideosResponse } from '@cinematica/protocol/v1';
import { Code, ConnectError } from '@connectrpc/connect';
import { api as gateway } from '#lib/api/client.ts';
import { isFinal } from '#lib/api/video-state.ts';
import { feed as sharedFeed } from './feed.ts';
import type { Feed, WatchApi } from './feed.ts';

/** A feed that says nothing for this long does not work here. Milliseconds. */
const SILENT_MS = 5_000;
/** The gateway sends the progress of each unfinished video every ten seconds. Without it the feed is dead. Milliseconds. */
const DEAD_MS = 35_000;

export interface SharedWatchOptions {
  readonly api?: WatchApi;
  readonly feed?: () => Feed;
  readonly silentMs?: number;
  readonly deadMs?: number;
}

/**
 * An API whose `watchVideo` reads the stream that all tabs share. When that is silent, the tab opens a stream of its own.
 */
export function sharedWatchApi({
  api = gateway,
  feed = sharedFeed,
  silentMs = SILENT_MS,
  deadMs = DEAD_MS,
}: SharedWatchOptions = {}): WatchApi {
  /** Whether the feed was silent once. Then this tab does not use it again. */
  let isSilent = false;
  return {
    getVideo: (...call) => api.getVideo(...call),
    watchVideo(request, options) {
      if (isSilent) return api.watchVideo(request, options);
      const { name = '' } = request;
      const signal = options?.signal;
      async function* watch(): AsyncGenerator<WatchVideoResponse, void, undefined> {
        try {
          yield* follow(feed(), name, signal, { silentMs, deadMs });
        } catch (error) {
          if (!(error instanceof SilentFeedError)) throw error;
          isSilent = true;
          yield* api.watchVideo(request, options);
        }
      }
      return watch();
    },
  };
}

/** The feed has not answered at all. */
class SilentFeedError extends Error {
  override readonly name = 'SilentFeedError';
}

/** The messages of one video in the feed, until its state is final. */
async function* follow(
  feed: Feed,
  name: string,
  signal: AbortSignal | undefined,
  { silentMs, deadMs }: { readonly silentMs: number; readonly deadMs: number },
): AsyncGenerator<WatchVideoResponse, void, undefined> {
  const items: WatchVideoResponse[] = [];
  let failure: Error | undefined;
  let wake: () => void = () => undefined;
  const fail = (error: Error): void => {
    failure ??= error;
    wake();
  };
  const unavailable = (message: string) => new ConnectError(message, Code.Unavailable);
  let timer = setTimeout(() => fail(new SilentFeedError()), silentMs);
  const restart = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => fail(unavailable('the shared stream is silent')), deadMs);
  };
  const abort = (): void => fail(ConnectError.from(signal?.reason, Code.Canceled));
  const end = feed.subscribe({
    onState(state) {
      restart();
      if (state === 'reconnecting') fail(unavailable('the shared stream was interrupted'));
    },
    onResponse(response) {
      if (response.name !== name) return;
      restart();
      const item = toWatchResponse(response);
      if (item) items.push(item);
      else fail(unavailable('the video was removed'));
      wake();
    },
  });
  if (signal?.aborted === true) abort();
  else signal?.addEventListener('abort', abort, { once: true });
  try {
    for (;;) {
      const item = items.shift();
      if (item) {
        yield item;
        const { message } = item;
        if (message.case === 'event' && message.value.video && isFinal(message.value.video)) return;
      } else if (failure) throw failure;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    clearTimeout(timer);
    end();
    signal?.removeEventListener('abort', abort);
  }
}

/** The same message in the stream of one video; null if the video was removed. */
function toWatchResponse({ message }: WatchVideosResponse): WatchVideoResponse | null {
  switch (message.case) {
    case 'video': {
      const { sequence } = message.value;
      return create(WatchVideoResponseSchema, {
        message: { case: 'event', value: { sequence, video: message.value } },
      });
    }
    case 'preview':
    case 'progress':
      return create(WatchVideoResponseSchema, { message });
    case 'removed':
    case 'started':
    case undefined:
      return null;
  }
}
