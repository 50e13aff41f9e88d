/** The shared worker: it holds the stream of all tabs of this browser, and ends with the last of them. */
import { api } from '#lib/api/client.ts';
import { createFeedHub } from './feed-hub.ts';
import { FEED_NAME } from './feed-messages.ts';
import type { ToHub } from './feed-messages.ts';

const channel = new BroadcastChannel(FEED_NAME);
const hub = createFeedHub(api, (message) => channel.postMessage(message));
channel.addEventListener('message', ({ data }: MessageEvent<ToHub>) => hub.receive(data));
