import { fromBinary } from '@bufbuild/protobuf';
import { WatchVideosResponseSchema } from '@cinematica/protocol/v1';
import type { WatchVideosResponse } from '@cinematica/protocol/v1';
import { api } from '#lib/api/client.ts';
import type { Api } from '#lib/api/client.ts';
import { createFeedHub } from './feed-hub.ts';
import type { FeedHub } from './feed-hub.ts';
import { FEED_NAME, HERE_MS } from './feed-messages.ts';
import type { FeedState, FromHub, ToHub } from './feed-messages.ts';

/** Receives what the stream of all videos brings. */
export interface FeedListener {
  readonly onResponse: (response: WatchVideosResponse) => void;
  readonly onState?: (state: FeedState) => void;
}

/** The stream of all of the user's videos, which the tabs of a browser share. */
export interface Feed {
  /** The current state of unfinished videos is repeated for each new listener. @returns what ends it */
  subscribe(listener: FeedListener): () => void;
}

/** The end of a connection to the hub at the tab's side. */
interface Link {
  send(message: ToHub): void;
  close(): void;
}

/** Connects a tab with the hub, wherever it is. */
export type OpenLink = (receive: (message: FromHub) => void) => Link;

/** The hub is in a shared worker; all talk on one channel. */
const linkToWorker: OpenLink = (receive) => {
  // The bundler needs the options as literals. The name is that of the channel.
  const worker = new SharedWorker(new URL('./feed-worker.ts', import.meta.url), {
    type: 'module',
    name: 'cinematica feed 1',
  });
  // A worker that cannot be loaded is silent, and the watch falls back to its own stream.
  worker.addEventListener('error', () => undefined);
  return linkToChannel(receive);
};

const linkToChannel: OpenLink = (receive) => {
  const channel = new BroadcastChannel(FEED_NAME);
  channel.addEventListener('message', ({ data }: MessageEvent<FromHub>) => receive(data));
  return { send: (message) => channel.postMessage(message), close: () => channel.close() };
};

/** The tab that gets the lock holds the hub for the others. When it is closed, the next one takes over. */
const linkToLeader: OpenLink = (receive) => {
  const end = new AbortController();
  const link = linkToChannel(receive);
  let hub: FeedHub | undefined;
  void navigator.locks
    .request(FEED_NAME, { signal: end.signal }, async () => {
      const channel = new BroadcastChannel(FEED_NAME);
      // The channel also delivers to the other object of this tab.
      hub = createFeedHub(api, (message) => channel.postMessage(message));
      channel.addEventListener('message', ({ data }: MessageEvent<ToHub>) => hub?.receive(data));
      hub.receive({ kind: 'hello' });
      await new Promise((resolve) => end.signal.addEventListener('abort', resolve, { once: true }));
      hub.close();
      channel.close();
    })
    // The wait for the lock was ended.
    .catch(() => undefined);
  return {
    send: (message) => link.send(message),
    close() {
      end.abort();
      link.close();
    },
  };
};

/** Each tab has its own stream. */
const linkToOwnHub: OpenLink = (receive) => {
  const hub = createFeedHub(api, (message) => queueMicrotask(() => receive(message)));
  return { send: (message) => hub.receive(message), close: () => hub.close() };
};

/** The best way to share a stream in this browser. Web Locks need https, and some phones have no shared workers. */
function openLink(): OpenLink {
  if (!('BroadcastChannel' in globalThis)) return linkToOwnHub;
  if ('SharedWorker' in globalThis) return linkToWorker;
  return 'locks' in navigator ? linkToLeader : linkToOwnHub;
}

/** @param open connects to the hub when the first listener comes */
export function createFeed(open: () => OpenLink = openLink): Feed {
  const listeners = new Set<FeedListener>();
  let link: Link | undefined;
  let timer: ReturnType<typeof setInterval> | undefined;

  function receive(message: FromHub): void {
    switch (message.kind) {
      case 'state':
        for (const { onState } of listeners) onState?.(message.state);
        break;
      case 'response': {
        const response = fromBinary(WatchVideosResponseSchema, message.bytes);
        for (const { onResponse } of listeners) onResponse(response);
        break;
      }
      case 'who':
        if (listeners.size > 0) link?.send({ kind: 'here' });
        break;
    }
  }

  const leave = (): void => {
    link?.send({ kind: 'bye' });
  };

  return {
    subscribe(listener) {
      listeners.add(listener);
      if (!link) {
        link = open()(receive);
        timer = setInterval(() => link?.send({ kind: 'here' }), HERE_MS);
        if (typeof document !== 'undefined') addEventListener('pagehide', leave);
      }
      link.send({ kind: 'hello' });
      return () => {
        listeners.delete(listener);
        if (listeners.size > 0) return;
        clearInterval(timer);
        if (typeof document !== 'undefined') removeEventListener('pagehide', leave);
        leave();
        link?.close();
        link = undefined;
      };
    },
  };
}

let shared: Feed | undefined;
/** The feed of this tab. */
export const feed = (): Feed => (shared ??= createFeed());

/** What `watchVideo` needs of the API, with the shared stream instead of one for each video. */
export type WatchApi = Pick<Api, 'getVideo' | 'watchVideo'>;
