import { create } from '@bufbuild/protobuf';
import {
  connectNats,
  FailureReason,
  FailureSchema,
  Lifetime,
  PipelineStage,
  pipelineSettings,
  provision,
  VideoState,
} from '@cinematica/pipeline';
import { ErrorReason, Stage, Video_State } from '@cinematica/protocol/v1';
import type { Video } from '@cinematica/protocol/v1';
import { Code } from '@connectrpc/connect';
import { afterAll, expect, test } from 'vitest';
import { openGatewayFixture, idOf, expectRefusal } from './testing/gateway-fixture.ts';

const { cancelAll, finish, gateway, createTestVideo, update } = await openGatewayFixture();

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
    .poll(() =>
      expectRefusal(client.getVideo({ name: third.name })).then(
        ({ reason }) => reason,
        () => 'found',
      ),
    )
    .toBe('VIDEO_NOT_FOUND');
  expect(await expectRefusal(client.undeleteVideo({ name: third.name }))).toMatchObject({ reason: 'VIDEO_NOT_FOUND' });
  const left = async () =>
    (await gateway.artifacts.list(Lifetime.PHOTO)).filter((name) => name.startsWith(idOf(third)));
  await expect.poll(left).toEqual([]);
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
    [FailureReason.NOT_FINITE, ErrorReason.NOT_FINITE],
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

test('a continuation is joined with the videos before it, unless one of them was deleted', async () => {
  await cancelAll();
  const client = gateway.client();
  const first = await createTestVideo(client);
  const join = (value: string, more = {}) => client.createVideo({ source: { case: 'join', value }, ...more });
  await finish('key-ann', first);
  expect(await expectRefusal(join(first.name))).toMatchObject({ reason: 'NOT_JOINABLE' });
  const { video: second } = await client.createVideo({ source: { case: 'continueFrom', value: first.name } });
  expect(await expectRefusal(join(second!.name))).toMatchObject({ reason: 'NOT_JOINABLE' });
  await finish('key-ann', second!);
  expect(await expectRefusal(join(second!.name, { settings: { seed: 1 } }))).toMatchObject({
    reason: 'INVALID_REQUEST',
  });
  // The continuation of a photo of another shape has another size.
  await update('key-ann', second!, ({ plan }) => {
    Object.assign(plan!, { outputWidth: 2 * plan!.outputWidth });
  });
  expect(await expectRefusal(join(second!.name))).toMatchObject({ reason: 'NOT_JOINABLE' });
  const { plan } = (await gateway.records.get({ owner: 'key-ann', videoId: idOf(first) }))!.record;
  await update('key-ann', second!, (record) => {
    record.plan = plan!;
  });
  const own = { labels: { project: 'spring' }, externalId: 'whole' };
  const { video: joined } = await join(second!.name, own);
  expect(joined).toMatchObject({ ...own, joined: [first.name, second!.name] });
  expect(second!.joined).toEqual([]);
  const { record } = (await gateway.records.get({ owner: 'key-ann', videoId: idOf(joined!) }))!;
  expect(record.tasks.map(({ stage }) => stage)).toEqual([PipelineStage.MUX]);
  expect(record.plan?.join).toEqual([idOf(first), idOf(second!)]);
  expect(record.joinedFiles.map(({ part }) => part)).toEqual(['mp4', 'mp4', 'poster', 'last-frame']);

  await client.deleteVideo({ name: first.name });
  expect(await expectRefusal(join(second!.name))).toMatchObject({ reason: 'NOT_JOINABLE' });
});

test('a video is estimated before it is created, once the speed of the system is known', async () => {
  const client = gateway.client();
  const photo = { photoWidth: 96, photoHeight: 64 };
  // No stage runs here, so that no speed was measured.
  expect((await client.estimateVideo(photo)).estimate).toBeUndefined();
  const tooFast = client.estimateVideo({ ...photo, settings: { conditioningFps: 20, frameRate: 10 } });
  expect(await expectRefusal(tooFast)).toMatchObject({ reason: 'SETTING_UNSUPPORTED' });
  const tooMany = client.estimateVideo({ ...photo, videoCount: 21 });
  expect(await expectRefusal(tooMany)).toMatchObject({ reason: 'INVALID_REQUEST' });
});

test('a video whose files would not fit is refused before anything is computed, and metrics show how full the storage is', async () => {
  await cancelAll();
  const nats = await connectNats('test', { NATS_URL: gateway.nats.url });
  const limit = (mebibytes: number) => provision(nats, pipelineSettings({ BUCKET_MIB: mebibytes }), []);
  const value = async (name: string, labels: string): Promise<number> => {
    const line = new RegExp(`^cinematica_${name}\\{.*${labels}.*\\} (\\d+)$`, 'm').exec(await gateway.metrics());
    return Number(line?.[1]);
  };
  try {
    await limit(12);
    const client = gateway.client();
    const created: Video[] = [];
    const refusal = await expectRefusal(
      (async () => {
        for (let count = 0; count < 20; count++) created.push(await createTestVideo(client));
      })(),
    );
    expect(refusal).toMatchObject({ code: Code.ResourceExhausted, reason: 'STORAGE_FULL' });
    expect(refusal.message).toContain('delete videos that you no longer want');
    expect(created.length).toBeGreaterThan(0);
    expect(await value('storage_refusals_total', '')).toBe(1);
    expect(gateway.log.some((line) => line.includes('the bucket media is full'))).toBe(true);
    // Cancelling makes room: the files of those videos will not come.
    await client.cancelVideo({ name: created[0]!.name });
    created.push(await createTestVideo(client));
    expect(await value('storage_limit_bytes', 'bucket="media"')).toBe(12 * 1024 ** 2);
    // The numbers of one look at NATS are shown for a second.
    const photos = () => value('storage_objects', 'bucket="photos"');
    await expect.poll(photos).toBeGreaterThanOrEqual(created.length);
    expect(await value('stream_messages', 'stream="KV_videos"')).toBeGreaterThan(0);
    for (const { name } of created) await client.cancelVideo({ name });
  } finally {
    await limit(0);
    await nats.close();
  }
});
