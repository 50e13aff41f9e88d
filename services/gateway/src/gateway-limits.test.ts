import { create, createRegistry, fromJson, toJsonString } from '@bufbuild/protobuf';
import type { JsonObject } from '@bufbuild/protobuf';
import { anyUnpack } from '@bufbuild/protobuf/wkt';
import { BadRequestSchema, RetryInfoSchema, ErrorInfoSchema } from '@cinematica/protocol';
import { BatchCreateVideosRequestSchema, BatchCreateVideosResponseSchema } from '@cinematica/protocol/v1';
import type { CreateVideoResult } from '@cinematica/protocol/v1';
import { Code, ConnectError } from '@connectrpc/connect';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { program, START_ENV } from '../../../test/support/program.ts';
import { chart } from './photo/test-photos.ts';
import { KEYS, readAll, startTestGateway } from './testing/gateway-process.ts';

const photo = new Uint8Array(await chart(96, 64).jpeg().toBuffer());
const request = { source: { case: 'image' as const, value: photo } };

const reasonOf = (error: unknown) => {
  const refusal = ConnectError.from(error);
  const retry = refusal.findDetails(RetryInfoSchema).length > 0;
  return `${Code[refusal.code]} ${refusal.findDetails(ErrorInfoSchema)[0]?.reason ?? ''}${retry ? ' with retry info' : ''}`;
};

const outcomes = async (calls: Promise<unknown>[]) => {
  const counts: Record<string, number> = {};
  for (const outcome of await Promise.all(calls.map((call) => call.then(() => 'ok', reasonOf)))) {
    counts[outcome] = (counts[outcome] ?? 0) + 1;
  }
  return counts;
};

test('limits apply to the videos of a caller and of an address, to watches, and to calls', async () => {
  await using gateway = await startTestGateway({
    MAX_ACTIVE_PER_OWNER: '5',
    MAX_ACTIVE_PER_ADDRESS: '3',
    MAX_WATCHES_PER_CALLER: '2',
    CALLS_PER_SECOND: '20',
    TRUSTED_PROXIES: '1',
  });
  const ann = gateway.client();
  expect(await outcomes(Array.from({ length: 20 }, () => ann.createVideo(request)))).toEqual({
    ok: 5,
    'ResourceExhausted TOO_MANY_VIDEOS with retry info': 15,
  });
  // Without a cookie each call has a new caller, so only the limit of the address applies.
  const visitor = (address: string) =>
    gateway.client({ key: null }).createVideo(request, { headers: { 'x-forwarded-for': `9.9.9.9, ${address}` } });
  expect(await outcomes(Array.from({ length: 6 }, () => visitor('10.0.0.1')))).toEqual({
    ok: 3,
    'ResourceExhausted TOO_MANY_VIDEOS with retry info': 3,
  });
  expect(await outcomes([visitor('10.0.0.2')])).toEqual({ ok: 1 });
  // One of a /64 is all of it.
  expect(await outcomes([1, 2, 3, 4].map((last) => visitor(`2001:db8::${last}`)))).toMatchObject({ ok: 3 });

  const { videos } = await ann.listVideos({});
  const stop = new AbortController();
  const watch = () => readAll(ann.watchVideo({ name: videos[0]!.name }, { signal: stop.signal }));
  const watches = [watch(), watch(), watch()];
  expect(await Promise.race(watches).catch(reasonOf)).toBe('ResourceExhausted TOO_MANY_REQUESTS with retry info');
  stop.abort();
  await Promise.allSettled(watches);

  const flood = await outcomes(Array.from({ length: 200 }, () => ann.getCapabilities({})));
  expect(flood['ResourceExhausted TOO_MANY_REQUESTS with retry info']).toBeGreaterThan(20);
});

test('a photo that is refused does not count against the quota', async () => {
  await using gateway = await startTestGateway({ MAX_ACTIVE_PER_OWNER: '2', MAX_DAILY_PER_OWNER: '3' });
  const ann = gateway.client();
  const broken = { source: { case: 'image' as const, value: photo.subarray(0, photo.length >> 1) } };
  for (let i = 0; i < 5; i++) {
    expect(await outcomes([ann.createVideo(broken), ann.createVideo(broken)])).toEqual({
      'InvalidArgument IMAGE_UNREADABLE': 2,
    });
  }
  expect(await outcomes([1, 2].map(() => ann.createVideo(request)))).toEqual({ ok: 2 });
});

test('a caller at its limit is refused whatever it sends, and its earlier requests are still answered', async () => {
  await using gateway = await startTestGateway({ MAX_ACTIVE_PER_OWNER: '3', CALLS_PER_SECOND: '1000' });
  const ann = gateway.client();
  const requestId = randomUUID();
  const again = () => ann.createVideo({ ...request, requestId });
  const names = await Promise.all(Array.from({ length: 60 }, () => again().then(({ video }) => video?.name)));
  expect(new Set(names).size).toBe(1);
  expect(await outcomes(Array.from({ length: 2 }, () => ann.createVideo(request)))).toEqual({ ok: 2 });
  // The refusal comes before the photo is decoded, so an unreadable photo gets the same error.
  const noise = { source: { case: 'image' as const, value: photo.subarray(0, photo.length >> 1) } };
  const calls = Array.from({ length: 200 }, (_, i) => ann.createVideo(i % 2 === 0 ? request : noise));
  expect(await outcomes(calls)).toEqual({ 'ResourceExhausted TOO_MANY_VIDEOS with retry info': 200 });
  expect((await again()).video?.name).toBe(names[0]);

  const bob = gateway.client({ key: KEYS.bob });
  const batch = [
    request,
    { source: { case: 'image' as const, value: Buffer.from('this is text') } },
    { ...request, settings: { frames: 0 } },
    noise,
    request,
    request,
  ].map((each) => ({ ...each, requestId: randomUUID() }));
  const { results } = await bob.batchCreateVideos({ requests: batch });
  // The unreadable photo has taken the third place, and gives it back only after the last request was refused.
  const expected = [
    'video',
    'IMAGE_TYPE_UNSUPPORTED',
    'INVALID_REQUEST',
    'IMAGE_UNREADABLE',
    'video',
    'TOO_MANY_VIDEOS',
  ];
  expect(results.map(resultOf)).toEqual(expected);
  // Sent again without it, as JSON, the batch returns the same videos, and makes the last one, for which there is room now.
  const requests = batch.toSpliced(3, 1);
  const response = await fetch(`${gateway.url}/cinematica.v1.VideoService/BatchCreateVideos`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${KEYS.bob}` },
    body: toJsonString(BatchCreateVideosRequestSchema, create(BatchCreateVideosRequestSchema, { requests })),
  });
  const json = (await response.json()) as JsonObject;
  const details = createRegistry(ErrorInfoSchema, BadRequestSchema, RetryInfoSchema);
  const second = fromJson(BatchCreateVideosResponseSchema, json, { registry: details }).results;
  expect(second.map(resultOf)).toEqual(['video', 'IMAGE_TYPE_UNSUPPORTED', 'INVALID_REQUEST', 'video', 'video']);
  expect(second.map(nameOf).slice(0, 4)).toEqual(results.map(nameOf).toSpliced(3, 1).slice(0, 4));
  expect(await outcomes([bob.batchCreateVideos({ requests: [] })])).toEqual({ 'InvalidArgument INVALID_REQUEST': 1 });
  const tooMany = bob.batchCreateVideos({ requests: Array.from({ length: 21 }, () => request) });
  expect(await outcomes([tooMany])).toEqual({ 'InvalidArgument INVALID_REQUEST': 1 });
  const tooLarge = { source: { case: 'image' as const, value: Buffer.concat([photo, Buffer.alloc(9e6)]) } };
  expect(await outcomes([bob.batchCreateVideos({ requests: [tooLarge, tooLarge] })])).toEqual({
    'InvalidArgument REQUEST_TOO_LARGE': 1,
  });
});

test('a batch counts as many calls as it has requests', async () => {
  await using gateway = await startTestGateway({ CALLS_PER_SECOND: '1' });
  const ann = gateway.client();
  // Photos that are refused at once. There is room for five calls.
  const requests = Array.from({ length: 20 }, () => ({
    source: { case: 'image' as const, value: photo.subarray(0, 9) },
  }));
  expect((await ann.batchCreateVideos({ requests })).results.map(resultOf)).toEqual(
    requests.map(() => 'IMAGE_UNREADABLE'),
  );
  const error = ConnectError.from(await ann.listVideos({}).catch((cause: unknown) => cause));
  expect(error.findDetails(ErrorInfoSchema)[0]?.reason).toBe('TOO_MANY_REQUESTS');
  expect(Number(error.findDetails(RetryInfoSchema)[0]?.retryDelay?.seconds)).toBeGreaterThanOrEqual(5);
});

test('health checks are limited by address', async () => {
  await using gateway = await startTestGateway({ CALLS_PER_SECOND: '2' });
  const check = async () => {
    const url = `${gateway.url}/grpc.health.v1.Health/Check`;
    return (await fetch(url, { method: 'POST', headers: { 'content-type': 'application/proto' } })).status;
  };
  const statuses: number[] = [];
  // There is room for ten calls, and two more each second.
  while (statuses.length < 1_000 && !statuses.includes(429)) {
    statuses.push(...(await Promise.all(Array.from({ length: 20 }, check))));
  }
  expect(new Set(statuses)).toEqual(new Set([200, 429]));
  await delay(1_000);
  expect(await check()).toBe(200);
});

const nameOf = ({ result }: CreateVideoResult): string => (result.case === 'video' ? result.value.name : '');

/** `video`, or the reason why there is none. */
function resultOf({ result }: CreateVideoResult): string {
  if (result.case !== 'error') return result.case ?? 'nothing';
  const [info] = result.value.details.flatMap((any) => anyUnpack(any, ErrorInfoSchema) ?? []);
  return info?.reason ?? 'no reason';
}

test('SIGTERM ends watches with UNAVAILABLE, and the process exits with 0', async () => {
  await using gateway = await startTestGateway();
  const client = gateway.client();
  const { video } = await client.createVideo(request);
  const watching = readAll(client.watchVideo({ name: video!.name }));
  const outcome = watching.then(() => 'ended', reasonOf);
  await expect.poll(() => gateway.metrics()).toMatch(/^cinematica_watchers\{.*\} 1$/m);
  expect(await gateway.stop()).toBe(0);
  expect(await outcome).toBe('Unavailable UNAVAILABLE with retry info');
});

test('SIGTERM while NATS is down ends the process with 0 within DRAIN_MS and five seconds', async () => {
  await using gateway = await startTestGateway({ REQUEST_TIMEOUT_MS: '1000', DRAIN_MS: '2000' });
  const client = gateway.client();
  const { video } = await client.createVideo(request);
  await gateway.nats.kill();
  const watching = readAll(client.watchVideo({ name: video!.name })).catch(reasonOf);
  const begun = Date.now();
  expect(await gateway.stop()).toBe(0);
  expect(Date.now() - begun).toBeLessThan(15_000);
  await watching;
});

test('calls fail with UNAVAILABLE while NATS is down, and succeed when it is up again', async () => {
  await using gateway = await startTestGateway({ REQUEST_TIMEOUT_MS: '500', RECORD_TIMEOUT_MS: '1000' });
  const client = gateway.client();
  const { video } = await client.createVideo(request);
  await gateway.nats.kill();
  expect(await client.getVideo({ name: video!.name }).catch(reasonOf)).toBe('Unavailable UNAVAILABLE with retry info');
  await expect.poll(async () => (await fetch(`${gateway.url}/readyz`)).status).toBe(503);
  await gateway.nats.start();
  await expect.poll(async () => (await fetch(`${gateway.url}/readyz`)).status).toBe(200);
  expect((await client.getVideo({ name: video!.name })).video?.name).toBe(video!.name);
});

test.each([
  ['COOKIE_SECRET', { COOKIE_SECRET: 'short' }],
  ['HTTP_PORT', { HTTP_PORT: 'eighty' }],
  ['MODEL_DIR', { MODEL_DIR: '/nowhere' }],
  ['API_KEYS_FILE', { API_KEYS_FILE: '/nowhere' }],
  ['NATS_URL', {}],
])('a wrong %s ends the process with one line that names it', async (name, env) => {
  const child = spawn(process.execPath, [program('services/gateway/src/main.ts')], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      ...START_ENV,
      NATS_URL: 'nats://127.0.0.1:1',
      HTTP_PORT: '0',
      MODEL_DIR: join(import.meta.dirname, '../../../test/golden/tiny-xt/checkpoint'),
      COOKIE_SECRET: 'c'.repeat(32),
      MEDIA_SECRET: 'm'.repeat(32),
      ...env,
    },
  });
  let text = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  const [code] = (await once(child, 'close')) as [number];
  expect(code).toBe(1);
  expect(text.trim().split('\n')).toHaveLength(1);
  expect(text).toContain(name);
});
