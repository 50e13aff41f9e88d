import { create } from '@bufbuild/protobuf';
import { VideoSettingsSchema } from '@cinematica/protocol/v1';
import { expect, test } from 'vitest';
import { fakeGateway } from '../../../test/fake-gateway.ts';
import { fetchEstimate } from './estimate.svelte.ts';

const videos = { settings: create(VideoSettingsSchema), photo: { width: 96, height: 64 } };
const { signal } = new AbortController();

test('the estimate of several versions is for all of them, and says how many they are', async () => {
  const api = fakeGateway({
    // Each video takes 40 seconds.
    estimateVideo: ({ videoCount }) => ({
      estimate: { remaining: { seconds: BigInt(40 * videoCount) }, videosAhead: 2 },
    }),
  });
  expect(await fetchEstimate({ ...videos, count: 1 }, api, signal)).toEqual({
    remainingMs: 40_000,
    count: 1,
    videosAhead: 2,
  });
  expect(await fetchEstimate({ ...videos, count: 4 }, api, signal)).toEqual({
    remainingMs: 160_000,
    count: 4,
    videosAhead: 2,
  });
});

test('a gateway that knows no speed yet gives no estimate', async () => {
  const api = fakeGateway({ estimateVideo: () => ({}) });
  expect(await fetchEstimate({ ...videos, count: 2 }, api, signal)).toBeUndefined();
});
