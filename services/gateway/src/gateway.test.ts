import { create, toBinary } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import {
  connectNats,
  StageReportSchema,
  cancelVideo,
  FailureReason,
  FailureSchema,
  findTask,
  Lifetime,
  Stage,
  TaskState,
  VideoState,
} from '@cinematica/pipeline';
import type { Artifact, VideoRecord } from '@cinematica/pipeline';
import { openNamedCheckpoint } from '@cinematica/pipeline/model';
import {
  BadRequestSchema,
  createClient as createGrpcClient,
  ErrorInfoSchema,
  Health,
  openChannel,
  ServerReflection,
} from '@cinematica/protocol';
import {
  ErrorReason,
  MediaKind,
  Preset,
  SharedVideoSchema,
  Stage as PublicStage,
  Video_State,
  VideoService,
} from '@cinematica/protocol/v1';
import type { Video, WatchVideoResponse } from '@cinematica/protocol/v1';
import { Code, ConnectError } from '@connectrpc/connect';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect as connectSocket } from 'node:net';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { blackPng, chart } from './photo/test-photos.ts';
import { KEYS, MODEL, readAll, startTestGateway } from './testing/gateway-process.ts';
import type { Protocol, TestGateway } from './testing/gateway-process.ts';

let gateway: TestGateway;
let photo: Uint8Array<ArrayBuffer>;
const NOTHING = '00000000-0000-7000-8000-000000000000';

beforeAll(async () => {
  photo = new Uint8Array(
    await chart(96, 64)
      .jpeg()
      .withExif({ IFD3: { GPSLatitudeRef: 'N' } })
      .toBuffer(),
  );
  gateway = await startTestGateway({
    ADMIT_RUNNING: '1',
    UNDO_MS: '2000',
    WATCHER_STALL_MS: '1000',
    ADMIT_WAITING: '1',
  });
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
});

const image = () => ({ source: { case: 'image' as const, value: photo } });

async function made(client = gateway.client(), request = {}): Promise<Video> {
  const { video } = await client.createVideo({ ...image(), ...request });
  return video!;
}

/** The refusal of a call. */
async function refused(
  call: Promise<unknown>,
): Promise<{ code: Code; reason: string; message: string; error: ConnectError }> {
  const error = await call.then(
    () => {
      throw new Error('it was not refused');
    },
    (thrown: unknown) => ConnectError.from(thrown),
  );
  const [info] = error.findDetails(ErrorInfoSchema);
  return { code: error.code, reason: info?.reason ?? '', message: error.rawMessage, error };
}

const idOf = ({ name }: Video) => name.replace('videos/', '');

/** Changes a record as a stage does. */
const update = (owner: string, video: Video, change: (record: VideoRecord) => void) =>
  gateway.records.update({ owner, videoId: idOf(video) }, change);

const mp4 = randomBytes(50_000);

/** Ends a video as the muxer does. */
async function finish(owner: string, video: Video): Promise<void> {
  const videoId = idOf(video);
  const frame = await chart(64, 48).png().toBuffer();
  const parts = { mp4, poster: randomBytes(900), 'last-frame': frame };
  const outputs: Artifact[] = [];
  for (const [part, data] of Object.entries(parts)) {
    outputs.push(await gateway.artifacts.put(Lifetime.MEDIA, `${videoId}/0/mux/1/${part}`, part, data));
  }
  await update(owner, video, (record) => {
    for (const task of record.tasks) task.state = TaskState.DONE;
    findTask(record, { stage: Stage.MUX, segment: 0 })!.outputs = outputs;
    record.state = VideoState.DONE;
    record.endTime = timestampFromMs(Date.now());
  });
}

/** A file of a video. */
const fileOf = (video: Pick<Video, 'media'> | undefined, kind: MediaKind) =>
  video!.media.find((media) => media.kind === kind)!;

/** Leaves nothing that another test's videos would have to wait for. */
async function cancelAll(): Promise<void> {
  for await (const key of await gateway.records.bucket.keys('v.>')) {
    const [, owner = '', videoId = ''] = key.split('.');
    await gateway.records.update({ owner, videoId }, cancelVideo);
  }
}

describe.each(['connect', 'grpc-web', 'grpc'] satisfies Protocol[])('by %s on the one port', (protocol) => {
  test('a photo becomes a queued video with every setting filled in', async () => {
    const client = gateway.client({ protocol });
    const video = await made(client, { settings: { preset: Preset.LIVELY, frames: 30, outputs: [MediaKind.LOOP] } });
    expect(video.name).toMatch(/^videos\/[0-9a-f-]{36}$/);
    expect([Video_State.QUEUED, Video_State.RUNNING]).toContain(video.state);
    expect(video.settings).toMatchObject({
      preset: Preset.LIVELY,
      frames: 30,
      outputs: [MediaKind.LOOP],
      crop: { zoom: 1 },
    });
    expect(video.settings?.seed).toBeTypeOf('number');
    expect(video.settings?.shape.case).toBe('size');
    expect(video.media).toMatchObject([{ kind: MediaKind.PHOTO, width: 96, height: 64 }]);
    const got = await client.getVideo({ name: video.name });
    expect(got.video).toMatchObject({ name: video.name, settings: video.settings });
    await client.cancelVideo({ name: video.name });
    const watched: WatchVideoResponse[] = [];
    for await (const message of client.watchVideo({ name: video.name })) watched.push(message);
    const last = watched.at(-1)!.message;
    expect(last.case === 'event' && last.value.video?.state).toBe(Video_State.CANCELLED);
    expect((await refused(client.getVideo({ name: 'videos/x' }))).code).toBe(Code.InvalidArgument);
  });
});

test('what the stages compute with is told before the first video is made', async () => {
  const { ref } = await openNamedCheckpoint(MODEL);
  const nats = await connectNats('test', { NATS_URL: gateway.nats.url });
  const report = { stage: Stage.DENOISE, model: ref.name, modelDigest: ref.digest, executionProvider: 'cpu' };
  nats.publish('canary.denoiser', toBinary(StageReportSchema, create(StageReportSchema, report)));
  await nats.drain();
  const told = async () => (await gateway.client().getCapabilities({})).capabilities?.models[0]?.executionProviders;
  await expect.poll(told).toEqual(['cpu']);
});

test('a plain grpc-js client: calls, health, reflection', async () => {
  await using stack = new AsyncDisposableStack();
  const channel = stack.use(openChannel(`127.0.0.1:${gateway.port}`, { token: KEYS.ann }));
  const { capabilities } = await createGrpcClient(VideoService, channel).getCapabilities({});
  expect(capabilities?.models).toHaveLength(1);
  expect(capabilities?.models[0]).toMatchObject({ window: expect.any(Number) as number, presets: { length: 3 } });
  expect(capabilities?.models[0]?.digest).toMatch(/^[0-9a-f]{64}$/);
  const health = createGrpcClient(Health, channel);
  expect(await health.check({})).toMatchObject({ status: 1 });
  expect(await health.check({ service: VideoService.typeName })).toMatchObject({ status: 1 });
  await expect(health.check({ service: 'no.Such' })).rejects.toMatchObject({ code: 5 });
  const listing = createGrpcClient(ServerReflection, channel);
  const question = { messageRequest: { case: 'listServices' as const, value: '' } };
  for await (const { messageResponse } of listing.serverReflectionInfo([question])) {
    const names =
      messageResponse.case === 'listServicesResponse' && messageResponse.value.service.map(({ name }) => name);
    expect(names).toContain(VideoService.typeName);
  }
});

test('the same request ten times at once is one video; another body under it is refused', async () => {
  const client = gateway.client();
  const requestId = randomUUID();
  const answers = await Promise.all(Array.from({ length: 10 }, () => made(client, { requestId })));
  expect(new Set(answers.map(({ name }) => name)).size).toBe(1);
  expect(new Set(answers.map(({ settings }) => settings?.seed)).size).toBe(1);
  const other = await refused(made(client, { requestId, settings: { steps: 3 } }));
  expect(other).toMatchObject({ code: Code.AlreadyExists, reason: 'REQUEST_ID_REUSED' });
  // Another caller's request ids are its own.
  const bobs = await made(gateway.client({ key: KEYS.bob }), { requestId });
  expect(bobs.name).not.toBe(answers[0]!.name);
});

test('hostile uploads are refused for what they are, never by a fault of ours', async () => {
  const jpeg = Buffer.from(photo);
  const uploads: [string, Uint8Array, string][] = [
    ['nothing', new Uint8Array(), 'IMAGE_UNREADABLE'],
    ['no photo', randomBytes(5000), 'IMAGE_TYPE_UNSUPPORTED'],
    ['SVG', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'), 'IMAGE_TYPE_UNSUPPORTED'],
    ['PDF', Buffer.from('%PDF-1.7\n'), 'IMAGE_TYPE_UNSUPPORTED'],
    ['cut off', jpeg.subarray(0, jpeg.length >> 1), 'IMAGE_UNREADABLE'],
    ['900 megapixels', blackPng(30_000, 30_000), 'IMAGE_TOO_LARGE'],
    ['13 MB', Buffer.concat([jpeg, Buffer.alloc(13_000_000 - jpeg.length)]), 'IMAGE_TOO_LARGE'],
    ['one pixel wide', await sharp(photo).resize(1, 64, { fit: 'fill' }).png().toBuffer(), 'IMAGE_TOO_SMALL'],
  ];
  for (const [what, value, reason] of uploads) {
    for (const protocol of ['connect', 'grpc'] satisfies Protocol[]) {
      const client = gateway.client({ protocol });
      const { code, ...rest } = await refused(
        client.createVideo({ source: { case: 'image', value: new Uint8Array(value) } }),
      );
      expect({ what, code, reason: rest.reason }).toEqual({ what, code: Code.InvalidArgument, reason });
    }
  }
  expect(gateway.log.join('\n')).not.toMatch(/"level":"error"/);
});

test('nothing of a photo but its pixels is stored', async () => {
  const video = await made();
  const stored = await gateway.records.get({ owner: 'key-ann', videoId: idOf(video) });
  const kept = Buffer.from(await gateway.artifacts.get(stored!.record.photo!));
  expect(Buffer.from(photo).includes('Exif')).toBe(true);
  expect(kept.includes('Exif')).toBe(false);
  const served = await fetch(gateway.url + video.media[0]!.url);
  expect(served.headers.get('content-type')).toBe('image/jpeg');
  expect(Buffer.from(await served.arrayBuffer()).equals(kept)).toBe(true);
});

test('broken rules name their fields; what the model can’t do, too', async () => {
  const client = gateway.client();
  const { error, ...rest } = await refused(made(client, { settings: { frames: 251, steps: 101 } }));
  expect(rest).toMatchObject({ code: Code.InvalidArgument, reason: 'INVALID_REQUEST' });
  const fields = error.findDetails(BadRequestSchema)[0]?.fieldViolations.map(({ field }) => field);
  expect(fields).toEqual(['settings.frames', 'settings.steps']);
  expect(await refused(client.createVideo({}))).toMatchObject({ reason: 'INVALID_REQUEST' });
  const size = { case: 'size' as const, value: { width: 65, height: 64 } };
  const unsupported = await refused(made(client, { settings: { shape: size } }));
  expect(unsupported).toMatchObject({ code: Code.InvalidArgument, reason: 'SETTING_UNSUPPORTED' });
  expect(await refused(made(client, { settings: { model: 'gpt' } }))).toMatchObject({ reason: 'MODEL_UNKNOWN' });
  expect(await refused(client.listVideos({ pageToken: 'x' }))).toMatchObject({ reason: 'INVALID_REQUEST' });
});

test('a foreign video is an unknown one, whatever is asked of it', async () => {
  const { name } = await made();
  const bob = gateway.client({ key: KEYS.bob });
  const nobody = gateway.client({ key: null, jar: { cookie: `cinematica=${'A'.repeat(22)}.${'A'.repeat(43)}` } });
  const watch = (client: typeof bob, of: string) => readAll(client.watchVideo({ name: of }));
  for (const client of [bob, nobody]) {
    const answers = await Promise.all(
      [name, `videos/${NOTHING}`].flatMap((of) => [
        refused(client.getVideo({ name: of })),
        refused(client.cancelVideo({ name: of })),
        refused(client.deleteVideo({ name: of })),
        refused(client.undeleteVideo({ name: of })),
        refused(client.shareVideo({ name: of })),
        refused(client.unshareVideo({ name: of })),
        refused(watch(client, of)),
        refused(client.createVideo({ source: { case: 'video', value: of } })),
        refused(client.createVideo({ source: { case: 'continueFrom', value: of } })),
      ]),
    );
    const told = new Set(answers.map(({ code, reason, message }) => `${Code[code]} ${reason} ${message}`));
    expect([...told]).toEqual(['NotFound VIDEO_NOT_FOUND There is no such video.']);
  }
  expect((await bob.listVideos({ pageSize: 100 })).videos.map((video) => video.name)).not.toContain(name);
});

test('a browser is known by its cookie, a wrong key is refused', async () => {
  const jar: { cookie?: string } = {};
  const browser = gateway.client({ key: null, jar });
  const response = await fetch(`${gateway.url}/cinematica.v1.VideoService/ListVideos`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  });
  expect(response.headers.get('set-cookie')).toMatch(
    /^cinematica=[\w-]+\.[\w-]+; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Lax$/,
  );
  const video = await made(browser);
  const first = jar.cookie;
  expect((await browser.getVideo({ name: video.name })).video?.name).toBe(video.name);
  expect(jar.cookie).toBe(first);
  expect(await refused(gateway.client({ key: 'wrong' }).listVideos({}))).toMatchObject({
    code: Code.Unauthenticated,
    reason: 'NOT_AUTHENTICATED',
  });
});

test('pages of videos are newest first, each once, and deleted ones only when asked for', async () => {
  const jar: { cookie?: string } = {};
  const client = gateway.client({ key: null, jar });
  await client.listVideos({});
  const names: string[] = [];
  for (let i = 0; i < 5; i++) names.unshift((await made(client)).name);
  const seen: string[] = [];
  for (let pageToken = ''; ;) {
    const page = await client.listVideos({ pageSize: 2, pageToken });
    expect(page.videos.length).toBeLessThanOrEqual(2);
    seen.push(...page.videos.map(({ name }) => name));
    pageToken = page.nextPageToken;
    if (pageToken === '') break;
  }
  expect(seen).toEqual(names);
  await client.deleteVideo({ name: names[1]! });
  expect((await client.listVideos({})).videos.map(({ name }) => name)).toEqual(names.toSpliced(1, 1));
  expect((await client.listVideos({ showDeleted: true })).videos.map(({ name }) => name)).toEqual(names);
});

test('cancelled in the queue; deleted and brought back, then gone for good', async () => {
  await cancelAll();
  const client = gateway.client();
  await made(client);
  const second = await made(client);
  const { video: cancelled } = await client.cancelVideo({ name: second.name });
  expect(cancelled?.state).toBe(Video_State.CANCELLED);
  const counted = async () =>
    Number(/^cinematica_jobs_total\{.*outcome="cancelled".*\} (\d+)/m.exec(await gateway.metrics())?.[1]);
  const before = await counted();
  expect((await client.cancelVideo({ name: second.name })).video?.state).toBe(Video_State.CANCELLED);
  // It was cancelled before.
  expect(await counted()).toBe(before);

  const third = await made(client);
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
        refused(client.getVideo({ name: third.name })).then(
          ({ reason }) => reason,
          () => 'there',
        ),
      { timeout: 10_000 },
    )
    .toBe('VIDEO_NOT_FOUND');
  expect(await refused(client.undeleteVideo({ name: third.name }))).toMatchObject({ reason: 'VIDEO_NOT_FOUND' });
  const left = async () =>
    (await gateway.artifacts.list(Lifetime.PHOTO)).filter((name) => name.startsWith(idOf(third)));
  await expect.poll(left, { timeout: 10_000 }).toEqual([]);
});

test('two who watch are told the same numbered story, also over a break', async () => {
  await cancelAll();
  const video = await made();
  const story = async (after: bigint, stopAfter = Infinity) => {
    const events: { sequence: bigint; step: number; stage: number; state: number }[] = [];
    for await (const { message } of gateway
      .client({ protocol: 'grpc-web' })
      .watchVideo({ name: video.name, afterSequence: after })) {
      if (message.case !== 'event') continue;
      const { sequence, snapshot, video: now } = message.value;
      expect(snapshot).toBe(false);
      const { step = 0, stage = PublicStage.UNSPECIFIED } = now?.progress ?? {};
      events.push({ sequence, step, stage, state: now!.state });
      if (events.length >= stopAfter) break;
    }
    return events;
  };
  const whole = story(0n);
  const first = await story(0n, 1);
  await expect
    .poll(async () => (await gateway.records.get({ owner: 'key-ann', videoId: idOf(video) }))?.record.state, {
      timeout: 5_000,
    })
    .toBe(VideoState.RUNNING);
  for (let step = 1; step <= 5; step++) {
    await update('key-ann', video, (record) => {
      const task = findTask(record, { stage: Stage.ENCODE, segment: 0 })!;
      Object.assign(task, {
        state: TaskState.RUNNING,
        step,
        steps: 5,
        leaseTime: timestampFromMs(Date.now() + 60_000),
      });
    });
  }
  const rest = story(first.at(-1)!.sequence);
  await finish('key-ann', video);
  expect([...first, ...(await rest)]).toEqual(await whole);
  const told = (await whole).map(({ state }) => state);
  expect(told.at(0)).toBe(Video_State.QUEUED);
  expect(told.at(-1)).toBe(Video_State.DONE);
  expect((await whole).map(({ step, stage }) => (stage === PublicStage.ENCODE ? step : 0))).toEqual(
    expect.arrayContaining([1, 2, 3, 4, 5]),
  );
});

test('places in the queue are told as they change, apart from the story', async () => {
  await cancelAll();
  const client = gateway.client();
  const ahead = [await made(client), await made(client)];
  const video = await made(client);
  const positions: number[] = [];
  const watching = (async () => {
    for await (const { message } of client.watchVideo({ name: video.name })) {
      if (message.case !== 'progress' || message.value.queuePosition === undefined) continue;
      positions.push(message.value.queuePosition);
      if (message.value.queuePosition === 0) return;
    }
  })();
  await expect.poll(() => positions.at(-1), { timeout: 5_000 }).toBe(1);
  await client.cancelVideo({ name: ahead[1]!.name });
  await watching;
  expect(positions).toEqual(positions.toSorted((a, b) => b - a));
});

test('a video that failed says why, for programs and for people', async () => {
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
  for (const [reason, told] of reasons) {
    const video = await made(client);
    await update('key-ann', video, (record) => {
      record.state = VideoState.FAILED;
      record.failure = create(FailureSchema, { stage: Stage.DENOISE, reason, message: 'try again' });
    });
    const { video: failed } = await client.getVideo({ name: video.name });
    const error = { reason: told, message: 'try again', stage: PublicStage.DENOISE };
    expect(failed).toMatchObject({ state: Video_State.FAILED, error });
  }
});

test('a finished video’s files: ranges, conditions, downloads, and links that are none', async () => {
  await cancelAll();
  const client = gateway.client();
  const video = await made(client);
  await finish('key-ann', video);
  const { video: done } = await client.getVideo({ name: video.name });
  expect(done).toMatchObject({ state: Video_State.DONE });
  expect(done?.media.map(({ kind }) => kind)).toEqual([MediaKind.PHOTO, MediaKind.POSTER, MediaKind.MP4]);
  const url = gateway.url + done!.media[2]!.url;
  const get = (headers: Record<string, string>, address = url, method = 'GET') => fetch(address, { method, headers });

  const whole = await get({});
  const etag = whole.headers.get('etag')!;
  expect(whole.headers.get('content-type')).toBe('video/mp4');
  expect(whole.headers.get('x-content-type-options')).toBe('nosniff');
  expect(whole.headers.get('cache-control')).toMatch(/^private, max-age=\d+, immutable$/);
  expect(Buffer.from(await whole.arrayBuffer()).equals(mp4)).toBe(true);
  for (const [range, first, last] of [
    ['bytes=0-1', 0, 1],
    ['bytes=100-', 100, 49_999],
    ['bytes=-7', 49_993, 49_999],
    ['bytes=49999-99999', 49_999, 49_999],
  ] as const) {
    const part = await get({ range });
    expect(part.status).toBe(206);
    expect(part.headers.get('content-range')).toBe(`bytes ${first}-${last}/50000`);
    expect(Buffer.from(await part.arrayBuffer()).equals(mp4.subarray(first, last + 1))).toBe(true);
  }
  expect((await get({ range: 'bytes=50000-' })).status).toBe(416);
  expect((await get({ range: 'bytes=5-3' })).status).toBe(200);
  expect((await get({ range: 'bytes=0-1', 'if-range': '"other"' })).status).toBe(200);
  expect((await get({ 'if-none-match': etag })).status).toBe(304);
  const head = await get({}, url, 'HEAD');
  expect([head.headers.get('content-length'), await head.text()]).toEqual(['50000', '']);
  expect((await get({}, `${url}&download`)).headers.get('content-disposition')).toMatch(
    /^attachment; filename="[\w.-]+\.mp4"$/,
  );
  expect((await get({}, url, 'POST')).status).toBe(405);

  const forged = new URL(url);
  const until = Number(forged.searchParams.get('until'));
  const changed = (name: string, value: string) => {
    const copy = new URL(url);
    copy.searchParams.set(name, value);
    return copy.href;
  };
  const answers = await Promise.all(
    [
      changed('signature', 'A'.repeat(43)),
      changed('signature', ''),
      changed('until', String(until + 9999)),
      changed('until', '1'),
      changed('share', 'A'.repeat(22)),
      url.replace('video.mp4', 'poster.webp'),
      url.replace(idOf(video), NOTHING),
      `${gateway.url}/media/${NOTHING}/video.mp4?until=${until}&signature=x`,
      `${gateway.url}/media/../../etc/passwd`,
      `${gateway.url}/s/${idOf(video)}.${'A'.repeat(22)}`,
    ].map(async (address) => {
      const response = await fetch(address);
      return `${response.status} ${await response.text()}`;
    }),
  );
  expect(new Set(answers)).toEqual(new Set(['404 not found\n']));
});

test('a shared video is there for everyone until it is shared no more', async () => {
  await cancelAll();
  const client = gateway.client();
  const video = await made(client);
  expect(await refused(client.shareVideo({ name: video.name }))).toMatchObject({
    code: Code.FailedPrecondition,
    reason: 'VIDEO_NOT_READY',
  });
  await finish('key-ann', video);
  const { video: shared } = await client.shareVideo({ name: video.name, ttl: { seconds: 3600n } });
  const again = await client.shareVideo({ name: video.name });
  expect(again.video?.share?.url).toBe(shared?.share?.url);
  // Whoever has it: no key, nor one that is good for anything, and no cookie comes of it.
  const jar: { cookie?: string } = {};
  const everyone = gateway.client({ key: null, jar });
  const tokenOf = (of = again.video) => of!.share!.url.replace(/^\/s\//, '');
  const share = tokenOf();
  const { video: seen } = await everyone.getSharedVideo({ share });
  expect((await gateway.client({ key: 'wrong' }).getSharedVideo({ share })).video).toEqual(seen);
  expect(jar.cookie).toBeUndefined();
  const { width, height } = fileOf(again.video, MediaKind.MP4);
  expect(seen).toEqual(
    create(SharedVideoSchema, {
      media: [MediaKind.POSTER, MediaKind.MP4].map((kind) => ({
        ...fileOf(again.video, kind),
        url: expect.stringContaining(`share=${share.split('.')[1]}`) as string,
        expireTime: { ...again.video!.share!.expireTime!, nanos: 0 },
      })),
      size: { width, height },
      createTime: video.createTime!,
      expireTime: again.video!.share!.expireTime!,
    }),
  );
  const link = fileOf(seen, MediaKind.MP4).url;
  expect(Buffer.from(await (await fetch(gateway.url + link)).arrayBuffer()).equals(mp4)).toBe(true);

  await client.unshareVideo({ name: video.name });
  expect((await fetch(gateway.url + link)).status).toBe(404);
  const { video: anew } = await client.shareVideo({ name: video.name });
  expect(anew?.share?.url).not.toBe(shared?.share?.url);
  expect((await fetch(gateway.url + link)).status).toBe(404);
  const still = (await everyone.getSharedVideo({ share: tokenOf(anew) })).video!;
  await update('key-ann', video, (record) => {
    record.share!.expireTime = timestampFromMs(Date.now() - 1);
  });
  await expect.poll(async () => (await fetch(gateway.url + fileOf(still, MediaKind.MP4).url)).status).toBe(404);
  const [id, secret] = share.split('.');
  const answers = await Promise.all(
    [share, tokenOf(anew), `${NOTHING}.${secret}`, `${id}.${'A'.repeat(22)}`, id!, '', 'x'].map((of) =>
      refused(everyone.getSharedVideo({ share: of })),
    ),
  );
  const told = new Set(answers.map(({ code, reason, message }) => `${Code[code]} ${reason} ${message}`));
  expect([...told]).toEqual(['NotFound VIDEO_NOT_FOUND There is no such video.']);
});

test('another try with a video’s photo, and one that goes on from its last frame', async () => {
  await cancelAll();
  const client = gateway.client();
  const video = await made(client);
  const again = await client.createVideo({ source: { case: 'video', value: video.name }, settings: { seed: 7 } });
  expect(again.video).toMatchObject({ madeFrom: video.name, settings: { seed: 7 } });
  expect(again.video?.media[0]).toMatchObject({ width: 96, height: 64 });
  const source = { case: 'continueFrom' as const, value: video.name };
  expect(await refused(client.createVideo({ source }))).toMatchObject({ reason: 'VIDEO_NOT_READY' });
  await finish('key-ann', video);
  const { video: longer } = await client.createVideo({ source });
  expect(longer).toMatchObject({ continuedFrom: video.name, madeFrom: '' });
  expect(longer?.media[0]).toMatchObject({ width: 64, height: 48 });
});

test('what is no HTTP, or bad HTTP, brings nothing down', async () => {
  const say = async (text: string | Buffer) => {
    const socket = connectSocket(gateway.port, '127.0.0.1');
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', () => undefined);
    socket.end(text);
    await once(socket, 'close');
    return Buffer.concat(chunks).toString('latin1');
  };
  const call = 'POST /cinematica.v1.VideoService/ListVideos';
  expect(await say(`${call} HTTP/1.1\r\nHost: a b\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)).toMatch(
    /^HTTP\/1.1 400/,
  );
  expect(await say(`${call} HTTP/1.0\r\n\r\n`)).toMatch(/^HTTP\/1.1 400/);
  expect(await say(randomBytes(3000))).toMatch(/^(HTTP\/1.1 400|$)/);
  await say('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nrubbish, not frames');
  await say('PRI');
  const json = (body: string) =>
    fetch(`${gateway.url}/cinematica.v1.VideoService/ListVideos`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
  expect((await json('{')).status).toBe(400);
  expect((await json('[]')).status).toBe(400);
  expect((await fetch(`${gateway.url}/`)).status).toBe(200);
  expect((await fetch(`${gateway.url}/livez`)).status).toBe(200);
  expect((await gateway.client().getCapabilities({})).capabilities?.version).toMatch(/^\d/);
});

test('who reads nothing is dropped, and others are told as before', async () => {
  await cancelAll();
  const { name } = await made();
  const body = JSON.stringify({ name });
  const envelope = Buffer.concat([Buffer.from([0, 0, 0, 0, body.length]), Buffer.from(body)]);
  const socket = connectSocket(gateway.port, '127.0.0.1');
  socket.write(
    `POST /cinematica.v1.VideoService/WatchVideo HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${KEYS.ann}\r\n` +
      `Content-Type: application/connect+json\r\nConnect-Protocol-Version: 1\r\nContent-Length: ${envelope.length}\r\n\r\n`,
  );
  socket.write(envelope);
  await once(socket, 'readable');
  socket.pause();
  const gone = once(socket, 'close');
  socket.on('error', () => undefined);
  // More than any buffer on the way holds.
  const big = 'x'.repeat(200_000);
  let dropped = false;
  for (let i = 0; i < 60 && !dropped; i++) {
    await gateway.records.update({ owner: 'key-ann', videoId: name.replace('videos/', '') }, (record) => {
      record.failure = {
        ...record.failure,
        $typeName: 'cinematica.internal.v1.Failure',
        reason: FailureReason.STAGE_FAILED,
        stage: Stage.ENCODE,
        segment: i,
        message: big,
        permanent: false,
      };
    });
    const { watchers } = await watching();
    dropped = i > 5 && watchers === 0;
  }
  await expect.poll(async () => (await watching()).watchers, { timeout: 10_000 }).toBe(0);
  socket.resume();
  await gone;
  expect((await gateway.client().getVideo({ name })).video?.name).toBe(name);
});

async function watching(): Promise<{ watchers: number }> {
  const text = await gateway.metrics();
  return { watchers: Number(/^cinematica_watchers\{[^}]*\} (\d+)/m.exec(text)?.[1]) };
}
