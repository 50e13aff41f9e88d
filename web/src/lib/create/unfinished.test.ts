import { create } from '@bufbuild/protobuf';
import { Video_State, VideoSchema, WatchVideosResponseSchema } from '@cinematica/protocol/v1';
import { expect, test } from 'vitest';
import type { FeedListener } from '#lib/feed/feed.ts';
import { followUnfinished } from './unfinished.svelte.ts';

const [FIRST, SECOND] = ['videos/0190a7c5-0000-7000-8000-000000000001', 'videos/0190a7c5-0000-7000-8000-000000000002'];

function setUp() {
  const listeners = new Set<FeedListener>();
  const end = new AbortController();
  const unfinished = followUnfinished(end.signal, () => ({
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  }));
  const push = (name: string, state?: Video_State): void => {
    const message =
      state === undefined
        ? { case: 'removed' as const, value: {} }
        : { case: 'video' as const, value: create(VideoSchema, { name, state }) };
    for (const { onResponse } of listeners) onResponse(create(WatchVideosResponseSchema, { name, message }));
  };
  return { unfinished, push, end, listeners };
}

test('queued and running videos are listed once, until they are done or removed', () => {
  const { unfinished, push } = setUp();
  push(FIRST, Video_State.QUEUED);
  push(FIRST, Video_State.RUNNING);
  push(SECOND, Video_State.RUNNING);
  expect(unfinished.names).toEqual([FIRST, SECOND]);
  push(FIRST, Video_State.DONE);
  expect(unfinished.names).toEqual([SECOND]);
  push(SECOND);
  expect(unfinished.names).toEqual([]);
});

test('a video that was done before is not listed', () => {
  const { unfinished, push } = setUp();
  push(FIRST, Video_State.DONE);
  expect(unfinished.names).toEqual([]);
});

test('the subscription ends when the page is left', () => {
  const { listeners, end } = setUp();
  expect(listeners.size).toBe(1);
  end.abort();
  expect(listeners.size).toBe(0);
});
