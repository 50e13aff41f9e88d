import type { MessageInitShape } from '@bufbuild/protobuf';
import { Video_State } from '@cinematica/protocol/v1';
import type { VideoSchema } from '@cinematica/protocol/v1';
import { Code } from '@connectrpc/connect';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { stubPage } from '../../../test/fake-browser.ts';
import { fakeGateway, gatewayError } from '../../../test/fake-gateway.ts';
import { createVariants } from './variants.svelte.ts';

let end: AbortController;

beforeEach(() => {
  vi.useFakeTimers();
  stubPage();
  end = new AbortController();
});

afterEach(async () => {
  end.abort();
  // The page's visibility is read once more before the updates stop.
  await vi.advanceTimersByTimeAsync(0);
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const names = ['videos/1', 'videos/2'];

test('unfinished videos are fetched again until they are done', async () => {
  let calls = 0;
  const api = fakeGateway({
    getVideo({ name }): { video: MessageInitShape<typeof VideoSchema> } {
      calls++;
      return { video: { name, state: calls > names.length ? Video_State.DONE : Video_State.RUNNING } };
    },
  });
  const variants = createVariants(names, end.signal, api);
  await vi.waitUntil(() => variants.loaded);
  expect(variants.videos.map(({ state }) => state)).toEqual([Video_State.RUNNING, Video_State.RUNNING]);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(variants.videos.map(({ state }) => state)).toEqual([Video_State.DONE, Video_State.DONE]);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(calls).toBe(4);
});

test('the time until all videos are done is that of the last one', async () => {
  const seconds: Record<string, number | undefined> = { 'videos/1': 30, 'videos/2': 90 };
  const api = fakeGateway({
    getVideo({ name }): { video: MessageInitShape<typeof VideoSchema> } {
      const left = seconds[name];
      if (left === undefined) return { video: { name, state: Video_State.DONE } };
      return { video: { name, state: Video_State.RUNNING, progress: { remaining: { seconds: BigInt(left) } } } };
    },
  });
  const variants = createVariants(names, end.signal, api);
  await vi.waitUntil(() => variants.loaded);
  expect(variants.remainingMs).toBe(90_000);
  expect(Object.values(variants.statuses).map(({ remainingMs }) => remainingMs)).toEqual([30_000, 90_000]);
  // A little more than before is no reason to show a later end.
  Object.assign(seconds, { 'videos/1': undefined, 'videos/2': 95 });
  await vi.advanceTimersByTimeAsync(2_000);
  expect(Object.keys(variants.statuses)).toEqual(['videos/2']);
  expect(variants.remainingMs).toBeLessThan(90_000);
  seconds['videos/2'] = undefined;
  await vi.advanceTimersByTimeAsync(2_000);
  expect(variants.remainingMs).toBeUndefined();
});

test('the time until all videos are done is unknown as long as that of one is', async () => {
  const api = fakeGateway({
    getVideo: ({ name }): { video: MessageInitShape<typeof VideoSchema> } => ({
      video: {
        name,
        state: Video_State.RUNNING,
        progress: name === 'videos/1' ? { remaining: { seconds: 30n } } : {},
      },
    }),
  });
  const variants = createVariants(names, end.signal, api);
  await vi.waitUntil(() => variants.loaded);
  expect(variants.remainingMs).toBeUndefined();
});

test('a video that does not exist is left out, and an unreachable gateway is asked again', async () => {
  let reachable = false;
  const api = fakeGateway({
    getVideo({ name }) {
      if (!reachable) throw gatewayError('UNAVAILABLE', Code.Unavailable);
      if (name === 'videos/1') throw gatewayError('VIDEO_NOT_FOUND', Code.NotFound);
      return { video: { name, state: Video_State.DONE } };
    },
  });
  const variants = createVariants(names, end.signal, api);
  await vi.waitUntil(() => variants.error !== undefined);
  expect(variants.loaded).toBe(false);
  reachable = true;
  await vi.advanceTimersByTimeAsync(5_000);
  expect([variants.videos.map(({ name }) => name), variants.error]).toEqual([['videos/2'], undefined]);
});
