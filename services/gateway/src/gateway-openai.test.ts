import { Video_State } from '@cinematica/protocol/v1';
import { randomBytes, randomUUID } from 'node:crypto';
import OpenAI, { toFile } from 'openai';
import type { Video } from 'openai/resources/videos';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { openGatewayFixture, mp4, photo, UNKNOWN_ID } from './testing/gateway-fixture.ts';
import { KEYS } from './testing/gateway-process.ts';
import { openOpenAiFixture, form, json } from './testing/openai-fixture.ts';

const { cancelAll, finish, gateway } = await openGatewayFixture();
const { expectOpenAiRefusal, openAiClient, openApi } = await openOpenAiFixture(gateway);

/** The fields that this server adds to those of OpenAI. */
interface OwnFields {
  readonly seed: number;
  readonly duration: number;
  readonly num_frames: number;
  readonly fps: number;
  readonly extended_from_video_id: string | null;
  readonly adjustments?: readonly {
    readonly param: string;
    readonly requested: string;
    readonly used: string | null;
  }[];
}

afterAll(() => gateway[Symbol.asyncDispose]());
beforeEach(cancelAll);

const client = openAiClient();
const dataUrl = `data:image/jpeg;base64,${Buffer.from(photo).toString('base64')}`;
const blob = new Blob([photo], { type: 'image/jpeg' });
const nameOf = (video: Pick<Video, 'id'>) => ({ name: video.id.replace('video_', 'videos/') });

/** Makes a video with the published client. @param params further fields, which the types of the client need not have */
async function make(params: object = {}): Promise<Video & OwnFields> {
  const file = await toFile(photo, 'photo.jpg');
  return (await client.videos.create({ prompt: '', input_reference: file, ...params })) as Video & OwnFields;
}

/** Finishes a video as the stages do. */
const complete = (video: Video) =>
  finish('key-ann', { ...nameOf(video), media: [] } as unknown as Parameters<typeof finish>[1]);

test('the published client makes, follows, lists, downloads and deletes a video', async () => {
  const created = await make({ prompt: 'a boat', model: 'sora-2', seconds: '4', size: '1280x720' });
  expect(created).toMatchObject({ object: 'video', status: 'queued', progress: 0, model: 'checkpoint', seconds: '4' });
  expect(created.created_at).toBeCloseTo(Date.now() / 1000, -1);
  expect(created.adjustments).toMatchObject([
    { param: 'prompt', requested: 'a boat', used: null },
    { param: 'model', requested: 'sora-2', used: 'checkpoint' },
    { param: 'size', requested: '1280x720', used: created.size },
  ]);
  await expect(client.videos.downloadContent(created.id)).rejects.toMatchObject({
    status: 404,
    code: 'video_not_ready',
  });

  await complete(created);
  const done = await client.videos.retrieve(created.id);
  expect(done).toMatchObject({ id: created.id, status: 'completed', progress: 100, error: null });
  expect(done.completed_at).toBeGreaterThanOrEqual(done.created_at);
  const content = await client.videos.downloadContent(created.id);
  expect(content.headers.get('content-type')).toBe('video/mp4');
  expect(Buffer.from(await content.arrayBuffer()).equals(mp4)).toBe(true);
  const part = await client.videos.downloadContent(created.id, {}, { headers: { range: 'bytes=10-19' } });
  expect(part.status).toBe(206);
  expect(Buffer.from(await part.arrayBuffer()).equals(mp4.subarray(10, 20))).toBe(true);
  const thumbnail = await client.videos.downloadContent(created.id, { variant: 'thumbnail' });
  expect(thumbnail.headers.get('content-type')).toBe('image/webp');

  expect(await client.videos.delete(created.id)).toEqual({ id: created.id, object: 'video.deleted', deleted: true });
  for (const again of [() => client.videos.retrieve(created.id), () => client.videos.delete(created.id)]) {
    await expect(again()).rejects.toBeInstanceOf(OpenAI.NotFoundError);
  }
});

test('deleting a video that is being made stops it', async () => {
  const { id } = await make();
  await client.videos.delete(id);
  const { video } = await gateway.client().getVideo(nameOf({ id }));
  expect(video).toMatchObject({ state: Video_State.CANCELLED });
});

test('a failed and a cancelled video have the status failed and an error', async () => {
  const cancelled = await make();
  await gateway.client().cancelVideo(nameOf(cancelled));
  expect(await client.videos.retrieve(cancelled.id)).toMatchObject({
    status: 'failed',
    error: { code: 'cancelled' },
  });
  await expect(client.videos.downloadContent(cancelled.id)).rejects.toMatchObject({ code: 'video_failed' });
});

test('pages of videos follow each other in both orders', async () => {
  const made: string[] = [];
  for (let count = 0; count < 3; count++) made.push((await make()).id);
  const newest: string[] = [];
  for await (const { id } of client.videos.list({ limit: 2, order: 'desc' })) {
    if (newest.push(id) === 3) break;
  }
  expect(newest).toEqual(made.toReversed());
  const oldest = await client.videos.list({ after: made[0]!, order: 'asc' });
  expect(oldest.data.map(({ id }) => id)).toEqual(made.slice(1));
  expect(oldest).toMatchObject({ has_more: false, last_id: made[2] });
});

test('a photo is taken as a file, in JSON as a data: URL, as a first frame, and in a form without a file', async () => {
  const first = { type: 'image_url', image_url: { url: dataUrl }, frame_type: 'first_frame' };
  const bodies = [
    { input_reference: { image_url: dataUrl } },
    { input_reference: dataUrl, prompt: null },
    { image_reference: { image_url: dataUrl } },
    { frame_images: [first] },
  ];
  for (const body of bodies) {
    const video = await client.post<Video>('/videos', { body });
    expect(video.status).toBe('queued');
  }
  // The client writes nested objects with brackets in the names of the form's fields.
  expect(await make({ input_reference: { image_url: dataUrl } })).toMatchObject({ status: 'queued' });
  expect(await make({ input_reference: undefined, frame_images: [first] })).toMatchObject({ status: 'queued' });
});

test('a size and a duration that the model cannot make become the nearest ones', async () => {
  const portrait = await make({ size: '720x1280', seconds: '12' });
  const [width = 0, height = 0] = portrait.size.split('x').map(Number);
  expect(width / height).toBeCloseTo(9 / 16, 1);
  expect(portrait.seconds).toBe('12');
  const longest = await make({ seconds: '600' });
  expect(longest).toMatchObject({ num_frames: 250, adjustments: [{ param: 'seconds', requested: '600', used: '36' }] });
  // The frames of num_frames at the rate of fps, as diffusers exports them.
  expect(await make({ num_frames: 25, fps: 10 })).toMatchObject({ num_frames: 25, fps: 10, duration: 2.5 });
  expect(await make({ fps: 14 })).toMatchObject({ fps: 14, adjustments: [] });
  expect(await make({ size: '9000x10' })).toMatchObject({ status: 'queued' });
});

test('the settings of other servers and of this one are taken, also in extra_body and extra_params', async () => {
  const extra = { guidance_scale: 2.5, camera: 'auto', crop: { x: 0.2, y: 1 }, outputs: ['webp'] };
  const { id } = await make({ num_inference_steps: 3, extra_body: JSON.stringify(extra), motion_bucket_id: '40' });
  const { video } = await gateway.client().getVideo(nameOf({ id }));
  expect(video?.settings).toMatchObject({ steps: 3, maxGuidance: 2.5, motionBucketId: 40, crop: { x: 0.2, y: 1 } });
  const other = await client.post<Video & OwnFields>('/videos', {
    body: { input_reference: dataUrl, extra_params: { num_frames: 3, preset: 'calm' } },
  });
  expect(other.num_frames).toBe(3);
});

test.each([
  [7, 7],
  ['4294967295', 4_294_967_295],
  // Above 2^53, where numbers of JavaScript are rounded.
  ['1311768467463790320', 0x9abc_def0],
])('the seed %s is taken as %s', async (seed, used) => {
  expect((await make({ seed })).seed).toBe(used);
  const body = `{"input_reference":"${dataUrl}","seed":${seed}}`;
  const response = await fetch(`${gateway.url}/v1/videos`, {
    ...json({}),
    body,
    headers: { 'content-type': 'application/json', authorization: `Bearer ${KEYS.ann}` },
  });
  expect(await response.json()).toMatchObject({ seed: used });
});

test('the seed -1 gives a random seed', async () => {
  const seeds = new Set([(await make({ seed: -1 })).seed, (await make({ seed: -1 })).seed]);
  expect(seeds.size).toBe(2);
});

test('a remix has the photo and the settings of its source, and another seed', async () => {
  const source = await make({ num_inference_steps: 2, seconds: '3', size: '640x640', seed: 5 });
  const remix = (await client.videos.remix(source.id, { prompt: 'again' })) as Video & OwnFields;
  expect(remix).toMatchObject({
    remixed_from_video_id: source.id,
    size: source.size,
    num_frames: source.num_frames,
    num_inference_steps: 2,
  });
  expect(remix.seed).not.toBe(5);
});

test('an extension continues from the last frame of a completed video', async () => {
  const source = await make({ size: '640x640' });
  const extend = () => client.videos.extend({ prompt: '', seconds: '4', video: { id: source.id } });
  await expect(extend()).rejects.toMatchObject({ status: 400, code: 'video_not_ready' });
  await complete(source);
  expect(await extend()).toMatchObject({ extended_from_video_id: source.id, seconds: '4' });
});

test('a repeated idempotency key returns the same video, and another request with it is refused', async () => {
  const key = `order 7 ${randomUUID()}`;
  const send = (seed: number) =>
    client.post<Video>('/videos', {
      body: { input_reference: dataUrl, seed },
      headers: { 'idempotency-key': key },
    });
  const [first, second] = [await send(1), await send(1)];
  expect(second.id).toBe(first.id);
  await expect(send(2)).rejects.toMatchObject({ status: 409, code: 'request_id_reused' });
});

test('a callback_url becomes a webhook of the video', async () => {
  const { id } = await make({ callback_url: 'https://hooks.example.com/done' });
  const { video } = await gateway.client().getVideo(nameOf({ id }));
  expect(video?.webhooks).toMatchObject([{ url: 'https://hooks.example.com/done' }]);
});

test('the models are listed', async () => {
  const { data } = await client.models.list();
  expect(data).toMatchObject([{ id: 'checkpoint', object: 'model', owned_by: 'cinematica' }]);
  expect(await client.models.retrieve('checkpoint')).toEqual(data[0]);
  await expect(client.models.retrieve('gpt-9')).rejects.toMatchObject({ status: 404, code: 'model_not_found' });
});

test('callers are told apart by their keys, and a wrong key is refused', async () => {
  const { id } = await make();
  await expect(openAiClient(KEYS.bob).videos.retrieve(id)).rejects.toMatchObject({ status: 404 });
  await expect(openAiClient('wrong').videos.list()).rejects.toMatchObject({ status: 401, code: 'invalid_api_key' });
});

describe('a request is refused', () => {
  const video = { input_reference: dataUrl };
  const file = { input_reference: blob };
  const long = 'x'.repeat(9_000);
  test.each<[string, RequestInit, number, string, string | null]>([
    ['without a photo', json({ prompt: 'x' }), 400, 'missing_required_parameter', 'input_reference'],
    ['with an unknown field', json({ ...video, num_frame: 5 }), 400, 'unknown_parameter', 'num_frame'],
    ['with an unknown field of a form', form({ ...file, sedd: '1' }), 400, 'unknown_parameter', 'sedd'],
    ['with a malformed name in a form', form({ ...file, 'a[[b': '1' }), 400, 'unknown_parameter', null],
    [
      'with the same field twice',
      form({ ...file, 'input_reference[image_url]': dataUrl }),
      400,
      'invalid_value',
      'input_reference[image_url]',
    ],
    ['with two photos', json({ ...video, image_reference: dataUrl }), 400, 'invalid_value', 'input_reference'],
    [
      'with a last frame',
      json({ frame_images: [{ type: 'image_url', image_url: { url: dataUrl }, frame_type: 'last_frame' }] }),
      400,
      'unsupported_parameter',
      'frame_images[0].frame_type',
    ],
    [
      'with the id of a file',
      json({ input_reference: { file_id: 'f' } }),
      400,
      'unsupported_parameter',
      'input_reference.file_id',
    ],
    ['with an https: URL', json({ input_reference: 'https://example.com/a.jpg' }), 400, 'outbound_disabled', null],
    [
      'with an http: URL',
      json({ input_reference: 'http://example.com/a.jpg' }),
      400,
      'invalid_value',
      'input_reference',
    ],
    [
      'with a data: URL that is not base64',
      json({ input_reference: 'data:image/png,x' }),
      400,
      'invalid_value',
      'input_reference',
    ],
    [
      'with a webhook over http',
      json({ ...video, callback_url: 'http://example.com' }),
      400,
      'invalid_request',
      'callback_url',
    ],
    ['with an empty file', form({ input_reference: new Blob([]) }), 400, 'image_unreadable', 'input_reference'],
    [
      'with a damaged photo',
      form({ input_reference: new Blob([photo.slice(0, 400)]) }),
      400,
      'image_unreadable',
      'input_reference',
    ],
    ['with an unknown model', json({ ...video, model: 'Wan-AI/Wan2.2' }), 404, 'model_not_found', 'model'],
    ['with too many frames', json({ ...video, num_frames: 251 }), 400, 'invalid_value', 'num_frames'],
    ['with a number that is none', form({ ...file, num_frames: 'many' }), 400, 'invalid_value', 'num_frames'],
    ['with a negative duration', json({ ...video, seconds: -4 }), 400, 'invalid_value', 'seconds'],
    ['with a malformed size', json({ ...video, size: 'big' }), 400, 'invalid_value', 'size'],
    ['with half a size', json({ ...video, width: 640 }), 400, 'invalid_value', 'height'],
    ['with a duration under two names', json({ ...video, seconds: 4, duration: 5 }), 400, 'invalid_value', 'duration'],
    ['with a field in two places', json({ ...video, seed: 1, extra_body: { seed: 2 } }), 400, 'invalid_value', 'seed'],
    ['with extra_body that is no object', form({ ...file, extra_body: '[1]' }), 400, 'invalid_value', 'extra_body'],
    ['with a seed of 65 bits', json({ ...video, seed: '18446744073709551616' }), 400, 'invalid_value', 'seed'],
    ['with the seed -2', form({ ...file, seed: '-2' }), 400, 'invalid_value', 'seed'],
    ['with the seed 1.5', json({ ...video, seed: 1.5 }), 400, 'invalid_value', 'seed'],
    ['with a long prompt', json({ ...video, prompt: long }), 400, 'invalid_value', 'prompt'],
    [
      'with a camera move that the model does not have',
      json({ ...video, camera: 'push-in' }),
      400,
      'setting_unsupported',
      'camera',
    ],
    ['with JSON that is a list', json([]), 400, 'invalid_json', null],
    ['with invalid JSON', { ...json({}), body: '{"a":' }, 400, 'invalid_json', null],
    ['with deeply nested JSON', { ...json({}), body: '['.repeat(50) }, 400, 'invalid_request', null],
    [
      'with another media type',
      { method: 'POST', body: 'a=b', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
      415,
      'unsupported_media_type',
      null,
    ],
    [
      'with a form without a boundary',
      { method: 'POST', body: 'x', headers: { 'content-type': 'multipart/form-data' } },
      400,
      'invalid_form',
      null,
    ],
    [
      'with a form that is cut off',
      {
        method: 'POST',
        body: '--b\r\ncontent-disposition: form-data; name="input_reference"; filename="a.jpg"\r\n\r\nabc',
        headers: { 'content-type': 'multipart/form-data; boundary=b' },
      },
      400,
      'invalid_form',
      null,
    ],
    [
      'with a form of too many fields',
      form(
        Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`f${'x'.repeat(index % 30)}[${index}]`, '1'])),
      ),
      400,
      'invalid_form',
      null,
    ],
    [
      'that is compressed',
      { ...json({}), headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' } },
      415,
      'unsupported_media_type',
      null,
    ],
    [
      'with a photo over 12 MB',
      form({ input_reference: new Blob([photo, randomBytes(12_000_001)]) }),
      400,
      'image_too_large',
      'input_reference',
    ],
    [
      'with a body over 17 MB',
      json({ input_reference: `data:image/jpeg;base64,${'A'.repeat(17_000_000)}` }),
      413,
      'request_too_large',
      null,
    ],
  ])('%s', async (_, init, status, code, param) => {
    expect(await expectOpenAiRefusal('/v1/videos', init)).toMatchObject({ status, code, param });
  });

  test.each<[string, string, RequestInit, number, string]>([
    ['an unknown address', '/v1/chat/completions', json({}), 404, 'unknown_url'],
    ['an unknown video', `/v1/videos/video_${UNKNOWN_ID}`, {}, 404, 'video_not_found'],
    ['an id that is none', '/v1/videos/abc', {}, 404, 'video_not_found'],
    ['a malformed escape', '/v1/videos/%zz', {}, 400, 'invalid_value'],
    ['another method', '/v1/videos', { method: 'PUT' }, 405, 'method_not_allowed'],
    ['an edit', '/v1/videos/edits', json({}), 404, 'unsupported_operation'],
    ['a remix of an unknown video', `/v1/videos/video_${UNKNOWN_ID}/remix`, json({}), 404, 'video_not_found'],
    ['an extension of nothing', '/v1/videos/extensions', json({ seconds: '4' }), 400, 'invalid_value'],
    ['a page after nothing', '/v1/videos?after=x', {}, 400, 'invalid_value'],
    ['a page of 1000', '/v1/videos?limit=1000', {}, 400, 'invalid_value'],
    ['a page in no order', '/v1/videos?order=up', {}, 400, 'invalid_value'],
    ['an unknown parameter', '/v1/videos?page=2', {}, 400, 'unknown_parameter'],
    ['a parameter twice', '/v1/videos?limit=2&limit=3', {}, 400, 'invalid_value'],
  ])('for %s', async (_, path, init, status, code) => {
    expect(await expectOpenAiRefusal(path, init)).toMatchObject({ status, code });
  });

  test('for a variant that does not exist or was not made', async () => {
    const made = await make();
    await complete(made);
    const refusal = (variant: string) => expectOpenAiRefusal(`/v1/videos/${made.id}/content?variant=${variant}`);
    expect(await refusal('spritesheet')).toMatchObject({ status: 400, param: 'variant' });
    expect((await refusal('webm')).message).toContain('"outputs": ["webm"]');
  });
});

test('a caller without a key is known by its cookie', async () => {
  const response = await fetch(`${gateway.url}/v1/videos`, form({ input_reference: blob }));
  const { id } = (await response.json()) as Video;
  const cookie = response.headers.get('set-cookie')!.split(';', 1)[0]!;
  expect((await fetch(`${gateway.url}/v1/videos/${id}`, { headers: { cookie } })).status).toBe(200);
  expect((await fetch(`${gateway.url}/v1/videos/${id}`)).status).toBe(404);
});

test('requests are counted by operation and status', async () => {
  await client.models.list();
  await expect
    .poll(() => gateway.metrics())
    .toMatch(/^cinematica_openai_requests_total\{operation="listModels",status="200".*\} [1-9]/m);
});

test('the document describes every operation, and pages of every origin can read it', async () => {
  const ids = Object.values(openApi.paths).flatMap((path) => Object.values(path).map(({ operationId }) => operationId));
  expect(ids).toEqual([
    'createVideo',
    'listVideos',
    'extendVideo',
    'retrieveVideo',
    'deleteVideo',
    'downloadVideo',
    'remixVideo',
    'listModels',
    'retrieveModel',
  ]);
  const { headers } = await fetch(`${gateway.url}/openapi.json`);
  expect(headers.get('access-control-allow-origin')).toBe('*');
  const etag = headers.get('etag')!;
  const again = await fetch(`${gateway.url}/openapi.json`, { headers: { 'if-none-match': etag } });
  expect(again.status).toBe(304);
});
