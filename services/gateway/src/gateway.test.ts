import { create, toBinary } from '@bufbuild/protobuf';
import { connectNats, PipelineStage, StageReportSchema } from '@cinematica/pipeline';
import { openNamedCheckpoint } from '@cinematica/pipeline/model';
import {
  BadRequestSchema,
  createClient as createGrpcClient,
  Health,
  openChannel,
  ServerReflection,
} from '@cinematica/protocol';
import { CameraMove, MediaKind, Preset, Video_State, VideoService } from '@cinematica/protocol/v1';
import type { WatchVideoResponse } from '@cinematica/protocol/v1';
import { Code } from '@connectrpc/connect';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect as connectSocket } from 'node:net';
import sharp from 'sharp';
import { afterAll, describe, expect, test } from 'vitest';
import { blackPng } from './photo/test-photos.ts';
import { openGatewayFixture, idOf, photo, expectRefusal } from './testing/gateway-fixture.ts';
import { KEYS, MODEL } from './testing/gateway-process.ts';
import type { Protocol } from './testing/gateway-process.ts';

const { gateway, createTestVideo } = await openGatewayFixture();

afterAll(() => gateway[Symbol.asyncDispose]());

describe.each(['connect', 'grpc-web', 'grpc'] satisfies Protocol[])('over %s', (protocol) => {
  test('createVideo queues a video with all settings resolved', async () => {
    const client = gateway.client({ protocol });
    const video = await createTestVideo(client, {
      settings: { preset: Preset.LIVELY, frames: 30, outputs: [MediaKind.LOOP] },
    });
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
    expect((await expectRefusal(client.getVideo({ name: 'videos/x' }))).code).toBe(Code.InvalidArgument);
  });
});

test('capabilities report the execution providers of the stages, and operators that they replace, before the first video', async () => {
  const { ref } = await openNamedCheckpoint(MODEL);
  const nats = await connectNats('test', { NATS_URL: gateway.nats.url });
  const computing = { executionProvider: 'cuda', replacedOperators: ['SkipGroupNorm'] };
  const report = { stage: PipelineStage.DENOISE, model: ref.name, modelDigest: ref.digest, ...computing };
  nats.publish('canary.denoiser', toBinary(StageReportSchema, create(StageReportSchema, report)));
  await nats.drain();
  const reported = async () => {
    const model = (await gateway.client().getCapabilities({})).capabilities?.models[0];
    return [model?.executionProviders, model?.replacedOperators];
  };
  await expect.poll(reported).toEqual([['cuda'], ['SkipGroupNorm']]);
});

test('grpc-js clients can use calls, health and reflection', async () => {
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

test('ten concurrent calls with the same request id create one video, and another body with that id is refused', async () => {
  const client = gateway.client();
  const requestId = randomUUID();
  const answers = await Promise.all(Array.from({ length: 10 }, () => createTestVideo(client, { requestId })));
  expect(new Set(answers.map(({ name }) => name)).size).toBe(1);
  expect(new Set(answers.map(({ settings }) => settings?.seed)).size).toBe(1);
  expect(answers[0]!.requestId).toBe(requestId);
  const other = await expectRefusal(createTestVideo(client, { requestId, settings: { steps: 3 } }));
  expect(other).toMatchObject({ code: Code.AlreadyExists, reason: 'REQUEST_ID_REUSED' });
  // Request ids of different callers are independent.
  const bobs = await createTestVideo(gateway.client({ key: KEYS.bob }), { requestId });
  expect(bobs.name).not.toBe(answers[0]!.name);
});

test('malformed uploads are refused with a specific reason, and never as an internal error', async () => {
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
      const { code, ...rest } = await expectRefusal(
        client.createVideo({ source: { case: 'image', value: new Uint8Array(value) } }),
      );
      expect({ what, code, reason: rest.reason }).toEqual({ what, code: Code.InvalidArgument, reason });
    }
  }
  expect(gateway.log.join('\n')).not.toMatch(/"level":"error"/);
});

test('photos are stored without their metadata', async () => {
  const video = await createTestVideo();
  const stored = await gateway.records.get({ owner: 'key-ann', videoId: idOf(video) });
  const storedPhoto = Buffer.from(await gateway.artifacts.get(stored!.record.photo!));
  expect(Buffer.from(photo).includes('Exif')).toBe(true);
  expect(storedPhoto.includes('Exif')).toBe(false);
  const served = await fetch(gateway.url + video.media[0]!.url);
  expect(served.headers.get('content-type')).toBe('image/jpeg');
  expect(Buffer.from(await served.arrayBuffer()).equals(storedPhoto)).toBe(true);
});

test('an invalid request, or one that the model does not support, names the wrong fields', async () => {
  const client = gateway.client();
  const { error, ...rest } = await expectRefusal(createTestVideo(client, { settings: { frames: 251, steps: 101 } }));
  expect(rest).toMatchObject({ code: Code.InvalidArgument, reason: 'INVALID_REQUEST' });
  const fields = error.findDetails(BadRequestSchema)[0]?.fieldViolations.map(({ field }) => field);
  expect(fields).toEqual(['settings.frames', 'settings.steps']);
  expect(await expectRefusal(client.createVideo({}))).toMatchObject({ reason: 'INVALID_REQUEST' });
  const size = { case: 'size' as const, value: { width: 65, height: 64 } };
  const unsupported = await expectRefusal(createTestVideo(client, { settings: { shape: size } }));
  expect(unsupported).toMatchObject({ code: Code.InvalidArgument, reason: 'SETTING_UNSUPPORTED' });
  const move = await expectRefusal(createTestVideo(client, { settings: { camera: CameraMove.PUSH_IN } }));
  expect(move).toMatchObject({ code: Code.InvalidArgument, reason: 'SETTING_UNSUPPORTED' });
  expect(move.error.findDetails(BadRequestSchema)[0]?.fieldViolations).toMatchObject([{ field: 'settings.camera' }]);
  expect(await expectRefusal(createTestVideo(client, { settings: { model: 'gpt' } }))).toMatchObject({
    reason: 'MODEL_UNKNOWN',
  });
  expect(await expectRefusal(client.listVideos({ pageToken: 'x' }))).toMatchObject({ reason: 'INVALID_REQUEST' });
});

test('a request that cannot be parsed is INVALID_ARGUMENT in every protocol', async () => {
  const garbage = Buffer.from([0xff, 0xff, 0xff]);
  const enveloped = Buffer.concat([Buffer.from([0, 0, 0, 0, garbage.length]), garbage]);
  const send = (method: string, type: string, body: Buffer) =>
    fetch(`${gateway.url}/cinematica.v1.VideoService/${method}`, {
      method: 'POST',
      headers: { 'content-type': type, authorization: `Bearer ${KEYS.ann}` },
      body,
    });
  for (const method of ['CreateVideo', 'ListVideos']) {
    const unary = await send(method, 'application/proto', garbage);
    expect(unary.status).toBe(400);
    expect(await unary.json()).toMatchObject({
      code: 'invalid_argument',
      message: 'The request cannot be parsed as a message of this method.',
      details: [{ type: 'google.rpc.ErrorInfo' }],
    });
    const web = await (await send(method, 'application/grpc-web+proto', enveloped)).text();
    expect(web).toMatch(/grpc-status: 3\r\n/);
  }
  const stream = await (await send('WatchVideo', 'application/connect+proto', enveloped)).text();
  expect(stream).toContain('"code":"invalid_argument"');
  expect(await grpcStatus('CreateVideo', enveloped)).toBe('3');
  expect(gateway.log.join('\n')).not.toMatch(/"level":"error"/);
});

/** The gRPC status of a call with this body. */
async function grpcStatus(method: string, body: Buffer): Promise<unknown> {
  const session = connectHttp2(gateway.url);
  try {
    const stream = session.request({
      ':method': 'POST',
      ':path': `/cinematica.v1.VideoService/${method}`,
      'content-type': 'application/grpc+proto',
      te: 'trailers',
      authorization: `Bearer ${KEYS.ann}`,
    });
    let status: unknown;
    for (const event of ['response', 'trailers']) {
      stream.on(event, (headers: Record<string, unknown>) => (status = headers['grpc-status'] ?? status));
    }
    stream.resume();
    stream.end(body);
    await once(stream, 'close');
    return status;
  } finally {
    session.close();
  }
}

test('malformed HTTP, and bytes of other protocols, do not stop the gateway', async () => {
  const send = async (text: string | Buffer) => {
    const socket = connectSocket(gateway.port, '127.0.0.1');
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', () => undefined);
    socket.end(text);
    await once(socket, 'close');
    return Buffer.concat(chunks).toString('latin1');
  };
  const call = 'POST /cinematica.v1.VideoService/ListVideos';
  expect(await send(`${call} HTTP/1.1\r\nHost: a b\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)).toMatch(
    /^HTTP\/1.1 400/,
  );
  expect(await send(`${call} HTTP/1.0\r\n\r\n`)).toMatch(/^HTTP\/1.1 400/);
  expect(await send(randomBytes(3000))).toMatch(/^(HTTP\/1.1 400|$)/);
  await send('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\ngarbage instead of frames');
  await send('PRI');
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
