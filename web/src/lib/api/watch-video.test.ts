import { create } from '@bufbuild/protobuf';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { Video_State, VideoSchema } from '@cinematica/protocol/v1';
import type { Video } from '@cinematica/protocol/v1';
import { Code, ConnectError } from '@connectrpc/connect';
import { afterEach, expect, test, vi } from 'vitest';
import { fakeGateway, gatewayError } from '../../../test/fake-gateway.ts';
import { watchVideo } from './watch-video.svelte.ts';
import type { WatchedVideo } from './watch-video.svelte.ts';

const NAME = 'videos/0190a7c5-0000-7000-8000-000000000001';
let stop = new AbortController();

afterEach(() => {
  stop.abort();
  stop = new AbortController();
});

const videoAt = (sequence: bigint, state: Video_State, more: MessageInitShape<typeof VideoSchema> = {}): Video =>
  create(VideoSchema, { name: NAME, sequence, state, ...more });

const event = (video: Video) => ({ message: { case: 'event' as const, value: { sequence: video.sequence, video } } });

/** Watches a video of a gateway with these methods. */
function watch(methods: Parameters<typeof fakeGateway>[0]): WatchedVideo {
  return watchVideo(NAME, { api: fakeGateway(methods), retryDelayMs: 1 }, stop.signal);
}

test('resumes after the last sequence number when the stream breaks, until the state is final', async () => {
  const asked: bigint[] = [];
  let stored = videoAt(3n, Video_State.QUEUED);
  const watched = watch({
    getVideo: () => ({ video: stored }),
    async *watchVideo({ afterSequence }) {
      asked.push(afterSequence);
      yield await Promise.resolve({ message: { case: 'progress', value: { queuePosition: 2 } } } as const);
      stored = videoAt(stored.sequence + 2n, asked.length === 1 ? Video_State.RUNNING : Video_State.DONE);
      yield event(stored);
      if (asked.length === 1) throw new ConnectError('the gateway is being replaced', Code.Unavailable);
    },
  });
  await expect.poll(() => watched.connection).toBe('ended');
  expect(asked).toEqual([3n, 5n]);
  expect(watched.video).toMatchObject({ sequence: 7n, state: Video_State.DONE });
  expect(watched.progress).toBeUndefined();
  expect(watched.error).toBeUndefined();
});

test('an older answer does not replace a newer one', async () => {
  const never = Promise.withResolvers<never>();
  const watched = watch({
    getVideo: () => ({ video: videoAt(5n, Video_State.RUNNING) }),
    async *watchVideo() {
      yield event(videoAt(6n, Video_State.RUNNING, { progress: { step: 2 } }));
      await never.promise;
    },
  });
  await expect.poll(() => watched.video?.sequence).toBe(6n);
  watched.accept(videoAt(4n, Video_State.QUEUED));
  expect(watched.video).toMatchObject({ sequence: 6n, progress: { step: 2 } });
  watched.accept(videoAt(7n, Video_State.CANCELLED));
  expect(watched.connection).toBe('ended');
});

test('the queue position stays until a new one arrives, and disappears when the video starts to run', async () => {
  const next = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()] as const;
  const progress = { steps: 4, fraction: 0.1 };
  const watched = watch({
    getVideo: () => ({ video: videoAt(1n, Video_State.QUEUED, { progress }) }),
    async *watchVideo() {
      yield { message: { case: 'progress', value: { queuePosition: 2, remaining: { seconds: 40n } } } };
      await next[0].promise;
      yield event(videoAt(2n, Video_State.QUEUED, { progress }));
      await next[1].promise;
      yield event(videoAt(3n, Video_State.RUNNING, { progress }));
      await Promise.withResolvers().promise;
    },
  });
  await expect.poll(() => watched.progress?.queuePosition).toBe(2);
  next[0].resolve(undefined);
  await expect.poll(() => watched.video?.sequence).toBe(2n);
  expect(watched.progress).toMatchObject({ steps: 4, queuePosition: 2, remaining: { seconds: 40n } });
  next[1].resolve(undefined);
  await expect.poll(() => watched.video?.sequence).toBe(3n);
  expect(watched.progress?.queuePosition).toBeUndefined();
});

test('an unreachable gateway is retried; an unknown video is retried only on refresh', async () => {
  let calls = 0;
  const watched = watch({
    getVideo() {
      calls++;
      if (calls < 4) throw new ConnectError('no network', Code.Unavailable);
      throw gatewayError('VIDEO_NOT_FOUND', Code.NotFound);
    },
  });
  await expect.poll(() => watched.connection).toBe('refused');
  expect(calls).toBe(4);
  expect(watched.error).toMatchObject({ code: Code.NotFound });
  watched.refresh();
  await expect.poll(() => calls).toBe(5);
});

test('the links of a finished video are renewed before they expire', async () => {
  let calls = 0;
  const watched = watch({
    getVideo() {
      calls++;
      const left = calls < 3 ? 60_000 : 3_600_000;
      const media = [{ url: `/media/${calls}`, expireTime: timestampFromMs(Date.now() + left) }];
      return { video: videoAt(9n, Video_State.DONE, { media }) };
    },
  });
  await expect.poll(() => watched.video?.media[0]?.url).toBe('/media/3');
  expect(watched.connection).toBe('ended');
});

test('each preview replaces the previous one and revokes its URL', async () => {
  using revoke = vi.spyOn(URL, 'revokeObjectURL');
  const watched = watch({
    getVideo: () => ({ video: videoAt(1n, Video_State.RUNNING) }),
    async *watchVideo() {
      for (const step of [1, 2]) {
        yield { message: { case: 'preview', value: { image: Uint8Array.of(step), width: 16, height: 8, step } } };
      }
      await Promise.withResolvers().promise;
    },
  });
  await expect.poll(() => watched.preview?.step).toBe(2);
  expect(revoke).toHaveBeenCalledTimes(1);
  const last = watched.preview!.url;
  stop.abort();
  expect(revoke).toHaveBeenLastCalledWith(last);
  expect(watched.preview).toBeUndefined();
});
