import { create } from '@bufbuild/protobuf';
import { Video_State, VideoSchema, WatchVideosResponseSchema } from '@cinematica/protocol/v1';
import { Code, ConnectError } from '@connectrpc/connect';
import { expect, test } from 'vitest';
import { fakeGateway } from '../../../test/fake-gateway.ts';
import { createFeedHub } from './feed-hub.ts';
import { createFeed } from './feed.ts';
import type { FromHub } from './feed-messages.ts';
import { sharedWatchApi } from './shared-watch.ts';

const NAME = 'videos/0190a7c5-0000-7000-8000-000000000001';
const OTHER = 'videos/0190a7c5-0000-7000-8000-000000000002';
const { RUNNING, DONE } = Video_State;
const responseOf = (name: string, sequence: bigint, state: Video_State) =>
  create(WatchVideosResponseSchema, {
    name,
    message: { case: 'video', value: create(VideoSchema, { name, sequence, state }) },
  });

/** A gateway whose stream a test feeds, and the tabs of a browser around one hub. */
function setUp() {
  let streams = 0;
  const queue: ReturnType<typeof responseOf>[] = [];
  let wake: () => void = () => undefined;
  const api = fakeGateway({
    async *watchVideos(_, { signal }) {
      streams++;
      yield { message: { case: 'started', value: {} } };
      signal.addEventListener('abort', () => wake(), { once: true });
      while (!signal.aborted) {
        const next = queue.shift();
        if (next) yield next;
        else await new Promise<void>((resolve) => (wake = resolve));
      }
    },
  });
  const tabs = new Set<(message: FromHub) => void>();
  const hub = createFeedHub(api, (message) => {
    for (const tab of tabs) tab(message);
  });
  const openTab = () =>
    createFeed(() => (receive) => {
      tabs.add(receive);
      return { send: (message) => hub.receive(message), close: () => tabs.delete(receive) };
    });
  const push = (response: ReturnType<typeof responseOf>): void => {
    queue.push(response);
    wake();
  };
  return { openTab, push, hub, streams: () => streams };
}

test('eight tabs share one stream, and each receives what it watches', async () => {
  const { openTab, push, hub, streams } = setUp();
  const seen = Array.from({ length: 8 }, () => [] as bigint[]);
  const ended = seen.map(async (sequences, i) => {
    const { watchVideo } = sharedWatchApi({ feed: openTab });
    for await (const { message } of watchVideo({ name: i < 4 ? NAME : OTHER })) {
      if (message.case === 'event') sequences.push(message.value.sequence);
    }
  });
  await expect.poll(streams).toBe(1);
  push(responseOf(NAME, 1n, RUNNING));
  push(responseOf(OTHER, 2n, RUNNING));
  push(responseOf(NAME, 3n, DONE));
  push(responseOf(OTHER, 4n, DONE));
  await Promise.all(ended);
  expect(seen.slice(0, 4)).toEqual(Array.from({ length: 4 }, () => [1n, 3n]));
  expect(seen.slice(4)).toEqual(Array.from({ length: 4 }, () => [2n, 4n]));
  expect(streams()).toBe(1);
  hub.close();
});

test('a tab that comes later learns the current state', async () => {
  const { openTab, push, hub } = setUp();
  const first = openTab();
  const early: bigint[] = [];
  const collect = (into: bigint[]) => ({
    onResponse: ({ message }: ReturnType<typeof responseOf>) => {
      if (message.case === 'video') into.push(message.value.sequence);
    },
  });
  first.subscribe(collect(early));
  push(responseOf(NAME, 7n, RUNNING));
  await expect.poll(() => early).toEqual([7n]);
  const late: bigint[] = [];
  openTab().subscribe(collect(late));
  expect(late).toEqual([7n]);
  hub.close();
});

test('a tab whose feed is silent opens a stream of its own', async () => {
  const done = create(VideoSchema, { name: NAME, sequence: 9n, state: DONE });
  const api = fakeGateway({
    async *watchVideo() {
      yield await Promise.resolve({ message: { case: 'event', value: { sequence: 9n, video: done } } } as const);
    },
  });
  const silent = createFeed(() => () => ({ send: () => undefined, close: () => undefined }));
  const { watchVideo } = sharedWatchApi({ api, feed: () => silent, silentMs: 10 });
  const states: Video_State[] = [];
  for await (const { message } of watchVideo({ name: NAME })) {
    if (message.case === 'event' && message.value.video) states.push(message.value.video.state);
  }
  expect(states).toEqual([DONE]);
});

test('a shared stream that falls silent is an error that is retried', async () => {
  const { openTab, hub, streams } = setUp();
  const tab = openTab();
  const { watchVideo } = sharedWatchApi({ feed: () => tab, deadMs: 20 });
  const watching = (async () => {
    for await (const response of watchVideo({ name: NAME })) expect(response).toBeUndefined();
  })();
  // It may fail before it is expected to.
  watching.catch(() => undefined);
  await expect.poll(streams).toBe(1);
  await expect(watching).rejects.toSatisfy((error) => ConnectError.from(error).code === Code.Unavailable);
  hub.close();
});
