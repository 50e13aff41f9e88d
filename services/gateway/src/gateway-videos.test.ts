import { create } from '@bufbuild/protobuf';
import { FailureReason, FailureSchema, Lifetime, PipelineStage, VideoState } from '@cinematica/pipeline';
import { ErrorReason, Stage, Video_State } from '@cinematica/protocol/v1';
import { afterAll, expect, test } from 'vitest';
import { cancelAll, finish, gateway, idOf, createTestVideo, expectRefusal, update } from './testing/gateway-fixture.ts';

afterAll(() => gateway[Symbol.asyncDispose]());

test('a video can be cancelled in the queue, deleted, restored, and is purged after a second deletion', async () => {
  await cancelAll();
  const client = gateway.client();
  await createTestVideo(client);
  const second = await createTestVideo(client);
  const { video: cancelled } = await client.cancelVideo({ name: second.name });
  expect(cancelled?.state).toBe(Video_State.CANCELLED);
  const counted = async () =>
    Number(/^cinematica_jobs_total\{.*outcome="cancelled".*\} (\d+)/m.exec(await gateway.metrics())?.[1]);
  const before = await counted();
  expect((await client.cancelVideo({ name: second.name })).video?.state).toBe(Video_State.CANCELLED);
  // The first call had cancelled it already.
  expect(await counted()).toBe(before);

  const third = await createTestVideo(client);
  const { video: deleted } = await client.deleteVideo({ name: third.name });
  expect(deleted).toMatchObject({ state: Video_State.CANCELLED, media: [] });
  expect(deleted?.purgeTime).toBeDefined();
  expect((await fetch(gateway.url + third.media[0]!.url)).status).toBe(404);
  const { video: back } = await client.undeleteVideo({ name: third.name });
  expect(back).toMatchObject({ state: Video_State.CANCELLED });
  expect(back?.purgeTime).toBeUndefined();
  expect((await fetch(gateway.url + third.media[0]!.url)).status).toBe(200);

  await client.deleteVideo({ name: third.name });
  await expect
    .poll(
      () =>
        expectRefusal(client.getVideo({ name: third.name })).then(
          ({ reason }) => reason,
          () => 'found',
        ),
      { timeout: 10_000 },
    )
    .toBe('VIDEO_NOT_FOUND');
  expect(await expectRefusal(client.undeleteVideo({ name: third.name }))).toMatchObject({ reason: 'VIDEO_NOT_FOUND' });
  const left = async () =>
    (await gateway.artifacts.list(Lifetime.PHOTO)).filter((name) => name.startsWith(idOf(third)));
  await expect.poll(left, { timeout: 10_000 }).toEqual([]);
});

test('a failed video reports its reason and message', async () => {
  await cancelAll();
  const client = gateway.client();
  const reasons = [
    [FailureReason.STAGE_FAILED, ErrorReason.STAGE_FAILED],
    [FailureReason.OUT_OF_MEMORY, ErrorReason.OUT_OF_MEMORY],
    [FailureReason.TOOK_TOO_LONG, ErrorReason.TOOK_TOO_LONG],
    [FailureReason.DATA_LOST, ErrorReason.DATA_LOST],
    [FailureReason.PHOTO_UNREADABLE, ErrorReason.IMAGE_UNREADABLE],
    [FailureReason.SETTING_UNSUPPORTED, ErrorReason.SETTING_UNSUPPORTED],
  ] as const;
  for (const [reason, expected] of reasons) {
    const video = await createTestVideo(client);
    await update('key-ann', video, (record) => {
      record.state = VideoState.FAILED;
      record.failure = create(FailureSchema, { stage: PipelineStage.DENOISE, reason, message: 'try again' });
    });
    const { video: failed } = await client.getVideo({ name: video.name });
    const error = { reason: expected, message: 'try again', stage: Stage.DENOISE };
    expect(failed).toMatchObject({ state: Video_State.FAILED, error });
  }
});

test('a video can be made from the photo of another video, or continue from its last frame', async () => {
  await cancelAll();
  const client = gateway.client();
  const video = await createTestVideo(client);
  const again = await client.createVideo({ source: { case: 'video', value: video.name }, settings: { seed: 7 } });
  expect(again.video).toMatchObject({ madeFrom: video.name, settings: { seed: 7 } });
  expect(again.video?.media[0]).toMatchObject({ width: 96, height: 64 });
  const source = { case: 'continueFrom' as const, value: video.name };
  expect(await expectRefusal(client.createVideo({ source }))).toMatchObject({ reason: 'VIDEO_NOT_READY' });
  await finish('key-ann', video);
  const { video: longer } = await client.createVideo({ source });
  expect(longer).toMatchObject({ continuedFrom: video.name, madeFrom: '' });
  expect(longer?.media[0]).toMatchObject({ width: 64, height: 48 });
});
