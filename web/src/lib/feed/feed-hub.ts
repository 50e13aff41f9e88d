import { toBinary } from '@bufbuild/protobuf';
import { WatchVideosResponseSchema } from '@cinematica/protocol/v1';
import type { WatchVideosResponse } from '@cinematica/protocol/v1';
import type { Api } from '#lib/api/client.ts';
import { GONE_MS } from './feed-messages.ts';
import type { FeedState, FromHub, ToHub } from './feed-messages.ts';

/** Holds the stream of all videos for the tabs of a browser. */
export interface FeedHub {
  /** Handles a message of a tab. Others, of a hub of another version of the app, are ignored. */
  receive(message: ToHub | FromHub): void;
  /** Ends the stream. */
  close(): void;
}

/** How many videos are remembered for tabs that come later. */
const MAX_VIDEOS = 50;
/** How long tabs have to answer whether they are still there. Milliseconds. */
const ANSWER_MS = 3_000;
const [FIRST_RETRY_MS, MAX_RETRY_MS] = [1_000, 20_000];

/**
 * Streams while at least one tab wants it, and reconnects.
 *
 * @param send passes a message to all tabs
 */
export function createFeedHub(api: Pick<Api, 'watchVideos'>, send: (message: FromHub) => void): FeedHub {
  let state: FeedState = 'connecting';
  let stream: AbortController | undefined;
  let gone: ReturnType<typeof setTimeout> | undefined;
  /** The last messages of each video, by kind. */
  const last = new Map<string, Map<string, Uint8Array>>();

  const setState = (next: FeedState): void => {
    state = next;
    send({ kind: 'state', state });
  };

  function remember({ name, message }: WatchVideosResponse, bytes: Uint8Array): void {
    if (message.case === undefined || message.case === 'started') return;
    const kinds = last.get(name) ?? new Map<string, Uint8Array>();
    // A removed video has nothing else.
    if (message.case === 'removed') kinds.clear();
    last.delete(name);
    last.set(name, kinds.set(message.case, bytes));
    const oldest = last.keys().next().value;
    if (last.size > MAX_VIDEOS && oldest !== undefined) last.delete(oldest);
  }

  async function run(signal: AbortSignal): Promise<void> {
    let delayMs = FIRST_RETRY_MS;
    const isOver = () => signal.aborted;
    while (!isOver()) {
      try {
        for await (const response of api.watchVideos({ previews: true }, { signal })) {
          delayMs = FIRST_RETRY_MS;
          if (response.message.case === 'started') {
            // It is repeated while there is nothing else.
            if (state !== 'live') setState('live');
            continue;
          }
          const bytes = toBinary(WatchVideosResponseSchema, response);
          remember(response, bytes);
          send({ kind: 'response', bytes });
        }
      } catch {
        // The tabs find out by themselves what is wrong when they call the gateway.
      }
      if (isOver()) return;
      setState('reconnecting');
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      delayMs = Math.min(2 * delayMs, MAX_RETRY_MS);
    }
  }

  function keep(ms: number): void {
    clearTimeout(gone);
    gone = setTimeout(close, ms);
  }

  function close(): void {
    clearTimeout(gone);
    stream?.abort();
    stream = undefined;
    last.clear();
    state = 'connecting';
  }

  return {
    receive({ kind }) {
      if (kind !== 'hello' && kind !== 'here' && kind !== 'bye') return;
      if (kind === 'bye') {
        send({ kind: 'who' });
        keep(ANSWER_MS);
        return;
      }
      keep(GONE_MS);
      if (!stream) {
        stream = new AbortController();
        void run(stream.signal);
      }
      if (kind !== 'hello') return;
      send({ kind: 'state', state });
      for (const kinds of last.values()) for (const bytes of kinds.values()) send({ kind: 'response', bytes });
    },
    close,
  };
}
