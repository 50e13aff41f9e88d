import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createClient, openChannel } from '@cinematica/protocol';
import { EncoderService } from '@cinematica/protocol/stages';
import { MediaKind, Video_State } from '@cinematica/protocol/v1';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, onTestFailed, test } from 'vitest';
import { watchToEnd } from '../support/api.ts';
import { fieldPhoto } from '../support/field-photo.ts';
import { startOtlpReceiver } from '../support/otlp-receiver.ts';
import type { OtlpReceiver } from '../support/otlp-receiver.ts';
import { startRealSystem } from '../support/real-system.ts';
import type { RealSystem } from '../support/real-system.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const BROWSER_SPAN = 'b7ad6b7169203331';
/** What logs and traces must not contain: keys, cookies, addresses, and metadata of the photo. */
const SECRETS = ['203.0.113.77', 'secret-agent', 'Jane Doe', 'IMG_20260101.jpg', 'key-of-ann'];

let receiver: OtlpReceiver;
let system: RealSystem;

beforeAll(async () => {
  receiver = await startOtlpReceiver();
  system = await startRealSystem({
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
    LOG_FORMAT: 'json',
    TRUSTED_PROXIES: '1',
  });
});
afterAll(async () => {
  await system[Symbol.asyncDispose]();
  await receiver[Symbol.asyncDispose]();
});

test('a video is one trace from the browser to ffmpeg, without personal data in traces or logs', async () => {
  onTestFailed(() => console.error(JSON.stringify(receiver.spans, null, 1)));
  const photo = await sharp({ create: { width: 96, height: 64, channels: 3, background: '#369' } })
    .withExif({ IFD0: { Artist: 'Jane Doe', ImageDescription: 'IMG_20260101.jpg' } })
    .jpeg()
    .toBuffer();
  expect(photo.includes('Jane Doe')).toBe(true);
  const headers = {
    traceparent: `00-${TRACE}-${BROWSER_SPAN}-01`,
    'x-forwarded-for': '203.0.113.77',
    'user-agent': 'secret-agent/1.0',
  };
  const client = system.client('ann');
  const image = new Uint8Array(photo);
  const shape = { case: 'size' as const, value: { width: 128, height: 64 } };
  const settings = { shape, frames: 7, steps: 2, outputs: [MediaKind.WEBP] };
  const { video } = await client.createVideo({ source: { case: 'image', value: image }, settings }, { headers });
  const last = (await watchToEnd(client, video!.name)).at(-1)?.video;
  expect(last?.state).toBe(Video_State.DONE);
  // Refused calls must not be logged with this data, either.
  const hostile = { source: { case: 'image' as const, value: new Uint8Array(photo.subarray(0, photo.length >> 1)) } };
  await expect(client.createVideo(hostile, { headers })).rejects.toThrow();
  await expect(client.getVideo({ name: 'videos/IMG_20260101.jpg' }, { headers })).rejects.toThrow();

  const ours = () => receiver.spans.filter(({ traceId }) => traceId === TRACE);
  const named = (name: string) => ours().filter((span) => span.name === name);
  await expect.poll(() => named('mux task').length).toBe(1);

  const [created] = named('cinematica.v1.VideoService/CreateVideo');
  expect(created).toMatchObject({ service: 'cinematica-gateway', parentSpanId: BROWSER_SPAN });
  const tasks = ours().filter(({ name }) => /^(encode|denoise|decode|mux) task$/.test(name));
  // Two segments, each denoised and decoded.
  expect(tasks.map(({ service, name }) => `${service} ${name}`).sort()).toEqual([
    'cinematica-decoder decode task',
    'cinematica-decoder decode task',
    'cinematica-denoiser denoise task',
    'cinematica-denoiser denoise task',
    'cinematica-encoder encode task',
    'cinematica-muxer mux task',
  ]);
  for (const { parentSpanId, attributes } of tasks) {
    expect(parentSpanId).toBe(created!.spanId);
    expect(attributes).toMatchObject({ 'cinematica.video': last!.name.slice(7), 'cinematica.outcome': 'done' });
  }
  // Backwards from the muxer: the span of each task links to the span of the task that published it.
  const before = (id: string) => tasks.find(({ spanId }) => spanId === id)!;
  const story: string[] = [];
  for (let at = named('mux task')[0]; at; at = at.links[0] && before(at.links[0].spanId)) story.push(at.name);
  expect(story.at(-1)).toBe('encode task');
  expect(story.slice(0, 3)).toEqual(['mux task', 'decode task', 'denoise task']);
  expect(named('ffmpeg')).toMatchObject([{ service: 'cinematica-muxer', parentSpanId: named('mux task')[0]!.spanId }]);
  const steps = named('run graph').filter(({ service }) => service === 'cinematica-denoiser');
  expect(steps.length).toBeGreaterThanOrEqual(2 * 2);
  for (const { parentSpanId } of steps) expect(before(parentSpanId).name).toBe('denoise task');

  const folder = join(system.folder, 'logs');
  const logs = await Promise.all((await readdir(folder)).map((file) => readFile(join(folder, file), 'utf8')));
  expect(logs.join('').length).toBeGreaterThan(500);
  const output = [...logs, JSON.stringify(receiver.spans)].join('\n');
  for (const secret of SECRETS) expect(output.includes(secret), secret).toBe(false);
});

test('a direct call of a stage belongs to its caller’s trace and contains the model’s spans', async () => {
  onTestFailed(() => console.error(JSON.stringify(receiver.spans, null, 1)));
  const trace = TRACE.replace('0af7', '1bf7');
  const started = (await readFile(join(system.folder, 'logs', 'encoder.log'), 'utf8')).split('\n');
  const { port } = JSON.parse(started.find((line) => line.includes('"started"'))!) as { port: number };
  const secrets = await readFile(join(system.folder, 'secrets.json'), 'utf8');
  const { stageToken: token } = JSON.parse(secrets) as { stageToken: string };
  using channel = openChannel(`127.0.0.1:${port}`, { token });
  const image = await fieldPhoto();
  const metadata = { traceparent: `00-${trace}-${BROWSER_SPAN}-01` };
  await createClient(EncoderService, channel).encode({ image, width: 128, height: 64 }, { metadata });

  const ours = () => receiver.spans.filter(({ traceId }) => traceId === trace);
  const method = 'cinematica.stages.v1.EncoderService/Encode';
  const call = () => ours().find(({ name }) => name === method);
  await expect.poll(call).toMatchObject({
    service: 'cinematica-encoder',
    parentSpanId: BROWSER_SPAN,
    attributes: { 'rpc.system.name': 'grpc', 'rpc.method': method, 'rpc.response.status_code': 'OK' },
  });
  const computed = ours().filter(({ name }) => name === 'run graph');
  expect(computed.length).toBeGreaterThan(0);
  for (const { parentSpanId } of computed) expect(parentSpanId).toBe(call()!.spanId);
});

test('finished work is counted in metrics', async () => {
  expect(await system.metric('muxer', 'cinematica_jobs_total')).toBe(1);
  expect(await system.metric('denoiser', 'cinematica_stage_duration_seconds_count')).toBe(2);
  expect(await system.metric('denoiser', 'cinematica_steps_total')).toBe(2 * 2);
  expect(await system.metric('decoder', 'cinematica_queue_wait_seconds_count')).toBe(2);
  expect(await system.metric('encoder', 'cinematica_build_info')).toBe(1);
  expect(await system.metric('denoiser', 'cinematica_child_restarts_total')).toBe(0);
  expect(await system.metric('denoiser', 'cinematica_child_memory_bytes')).toBeGreaterThan(1_000_000);
});
