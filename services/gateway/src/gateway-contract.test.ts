import { fromBinary, toJson } from '@bufbuild/protobuf';
import type { DescMessage, JsonObject } from '@bufbuild/protobuf';
import { base64Decode } from '@bufbuild/protobuf/wire';
import {
  BadRequestSchema,
  createClient as createGrpcClient,
  ErrorInfoSchema,
  openChannel,
  reasonOf,
  RpcError,
  RetryInfoSchema,
} from '@cinematica/protocol';
import { ErrorReason, MediaKind, VideoService } from '@cinematica/protocol/v1';
import { Code } from '@connectrpc/connect';
import { createClient } from '@connectrpc/connect';
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from '@connectrpc/connect-node';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer, connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { apiKeyLine } from './callers/api-keys.ts';
import { chart } from './photo/test-photos.ts';
import { expectRefusal } from './testing/expect-refusal.ts';
import { KEYS, startTestGateway } from './testing/gateway-process.ts';

const PUBLIC_URL = 'https://videos.example';
const SHOP = 'https://shop.example';
const gateway = await startTestGateway({
  ANONYMOUS: 'off',
  ALLOWED_ORIGINS: `${SHOP},https://other.example`,
  PUBLIC_URL,
  WATCH_HEARTBEAT_MS: '300',
  ADMIT_RUNNING: '1',
  CALLS_PER_SECOND: '1000',
});
afterAll(() => gateway[Symbol.asyncDispose]());

const photo = new Uint8Array(await chart(96, 64).jpeg().toBuffer());
const image = Buffer.from(photo).toString('base64');
const ann = { authorization: `Bearer ${KEYS.ann}` };

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly json: JsonObject;
}

/** Sends a JSON request to a method over the Connect protocol. */
async function call(method: string, body: unknown, headers: Record<string, string> = ann): Promise<Answer> {
  const response = await fetch(`${gateway.url}/cinematica.v1.VideoService/${method}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: body instanceof Uint8Array ? new Uint8Array(body) : typeof body === 'string' ? body : JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, json: JSON.parse(text) as JsonObject };
}

/** A detail of a Connect error in JSON. */
function detail(json: JsonObject, desc: DescMessage): JsonObject | undefined {
  const details = (json.details ?? []) as { type: string; value: string }[];
  const found = details.find(({ type }) => type === desc.typeName);
  return found && (toJson(desc, fromBinary(desc, base64Decode(found.value))) as JsonObject);
}

/** The reason and the fields of a refusal. */
function refusalOf({ status, json }: Answer) {
  const fields = (detail(json, BadRequestSchema)?.fieldViolations ?? []) as { field: string; description: string }[];
  return {
    status,
    reason: (detail(json, ErrorInfoSchema)?.reason ?? '') as string,
    fields: Object.fromEntries(fields.map(({ field, description }) => [field, description])),
  };
}

describe('JSON', () => {
  const unary = VideoService.methods.filter(({ methodKind }) => methodKind === 'unary');

  test.each(unary.map(({ name }) => name))('%s refuses a misspelt field and names it', async (name) => {
    const { status, reason, fields } = refusalOf(await call(name, { num_frames: 5 }));
    expect({ status, reason, fields: Object.keys(fields) }).toEqual({
      status: 400,
      reason: 'INVALID_REQUEST',
      fields: ['num_frames'],
    });
    expect(fields.num_frames).toMatch(/has no such field; (its fields are|it has no fields)/);
  });

  test('a wrong field, enum name, type or text is refused with its path', async () => {
    const refused = async (body: unknown) => {
      const { status, reason, fields } = refusalOf(await call('CreateVideo', body));
      expect({ status, reason }).toEqual({ status: 400, reason: 'INVALID_REQUEST' });
      return fields;
    };
    expect(Object.keys(await refused({ image, settings: { negativePrompt: 'x' } }))).toEqual([
      'settings.negativePrompt',
    ]);
    expect(Object.keys(await refused({ image, settings: { crop: { depth: 1 } } }))).toEqual(['settings.crop.depth']);
    expect(await refused({ image, settings: { preset: 'lively' } })).toEqual({
      'settings.preset': 'must be one of PRESET_CALM, PRESET_NATURAL, PRESET_LIVELY, not "lively"',
    });
    expect(await refused({ image, settings: { outputs: ['gif'] } })).toMatchObject({
      'settings.outputs': expect.stringContaining('MEDIA_KIND_LOOP') as string,
    });
    expect(await refused({ image, settings: { frames: 'many' } })).toEqual({
      'settings.frames': 'must be a whole number, not "many"',
    });
    expect(await refused({ image, settings: { seed: -1 } })).toEqual({
      'settings.seed': 'must be a whole number from 0 to 4294967295, not -1',
    });
    expect(await refused({ image, settings: { maxGuidance: 'much' } })).toEqual({
      'settings.max_guidance': 'must be a number, not "much"',
    });
    expect(await refused({ image, externalId: 17 })).toEqual({ external_id: 'must be text in quotes, not 17' });
    expect(await refused({ image, video: 'videos/x' })).toEqual({
      source: 'only one of image, video, continue_from, image_url, join can be set',
    });
    expect(await refused({ image, settings: [] })).toEqual({ settings: 'must be a JSON object' });
    expect(await refused({ image: 'data:image/jpeg;base64,AAAA' })).toEqual({
      image: 'must be bytes in base64, without a prefix such as “data:image/jpeg;base64,”',
    });
    expect(await refused('{"image": ')).toEqual({});
    const { json } = await call('CreateVideo', '{"image": ');
    expect(json.message).toMatch(/^The request is refused: the body is not valid JSON: /);
    const { fields } = refusalOf(await call('ShareVideo', { name: 'videos/x', ttl: 'long' }));
    expect(fields).toEqual({ ttl: 'must be a duration such as "3600s", not "long"' });
    expect((await gateway.client().listVideos({})).videos).toEqual([]);
  });

  test('a GET request and a stream refuse an unknown field, too', async () => {
    const message = encodeURIComponent(JSON.stringify({ page: 1 }));
    const url = `${gateway.url}/cinematica.v1.VideoService/ListVideos?connect=v1&encoding=json&message=${message}`;
    const response = await fetch(url, { headers: ann });
    expect(
      refusalOf({ headers: response.headers, status: response.status, json: (await response.json()) as JsonObject }),
    ).toMatchObject({ status: 400, reason: 'INVALID_REQUEST' });
    const body = Buffer.from(JSON.stringify({ video: 'x' }));
    const head = Buffer.alloc(5);
    head.writeUInt32BE(body.length, 1);
    const stream = await fetch(`${gateway.url}/cinematica.v1.VideoService/WatchVideo`, {
      method: 'POST',
      headers: { 'content-type': 'application/connect+json', ...ann },
      body: Buffer.concat([head, body]),
    });
    expect(stream.headers.get('x-accel-buffering')).toBe('no');
    const text = Buffer.from(await stream.arrayBuffer())
      .subarray(5)
      .toString();
    expect(JSON.parse(text)).toMatchObject({ error: { code: 'invalid_argument' } });
    expect(text).toContain('WatchVideoRequest has no such field');
  });
});

describe('errors', () => {
  test.each(['connect', 'grpc-web', 'grpc'])(
    'an unknown method and service are UNIMPLEMENTED over %s',
    async (protocol) => {
      const wrongService = { ...VideoService, typeName: 'cinematica.v9.VideoService' };
      const missing = { ...VideoService.method.getVideo, name: 'MakeCoffee' };
      const options = { baseUrl: gateway.url, httpVersion: '1.1' as const };
      const transport =
        protocol === 'connect'
          ? createConnectTransport(options)
          : protocol === 'grpc-web'
            ? createGrpcWebTransport(options)
            : createGrpcTransport({ baseUrl: gateway.url });
      const unary = transport.unary(missing, undefined, undefined, undefined, {});
      expect(await expectRefusal(unary)).toMatchObject({ code: Code.Unimplemented, reason: 'METHOD_UNKNOWN' });
      const ofService = { ...missing, parent: wrongService };
      const other = transport.unary(ofService, undefined, undefined, undefined, {});
      expect(await expectRefusal(other)).toMatchObject({ code: Code.Unimplemented, reason: 'METHOD_UNKNOWN' });
      const watch = { ...VideoService.method.watchVideo, name: 'WatchCoffee' };
      const client = createClient({ ...VideoService, method: { watchVideo: watch }, methods: [watch] }, transport);
      const first = client.watchVideo({})[Symbol.asyncIterator]().next();
      expect(await expectRefusal(first)).toMatchObject({ code: Code.Unimplemented, reason: 'METHOD_UNKNOWN' });
    },
  );

  test('a request of a method with the wrong content type or HTTP method is told what to send', async () => {
    const url = `${gateway.url}/cinematica.v1.VideoService/CreateVideo`;
    for (const [init, status, hint] of [
      [{ method: 'POST', headers: ann, body: '{}' }, 415, 'content-type: application/json'],
      [{ headers: ann }, 405, 'POST'],
    ] as const) {
      const response = await fetch(url, init);
      expect(response.status).toBe(status);
      expect(await response.json()).toMatchObject({ message: expect.stringContaining(hint) as string });
    }
  });

  test('a path that is not a call keeps its HTTP status', async () => {
    expect((await fetch(`${gateway.url}/nothing/here`)).status).toBe(404);
    expect((await fetch(`${gateway.url}/other/nothing`, { method: 'POST', body: '{}' })).status).toBe(405);
  });

  test.each([
    ['plain', {}, (bytes: Buffer) => bytes],
    ['compressed', { 'content-encoding': 'gzip' }, (bytes: Buffer) => gzipSync(bytes)],
  ])('a %s body over the limit is refused for good, with a reason', async (_, headers, encode) => {
    const body = encode(Buffer.from(JSON.stringify({ name: 'x'.repeat(20_000) })));
    const answer = await call('GetVideo', new Uint8Array(body), { ...ann, ...headers });
    expect(refusalOf(answer)).toMatchObject({ status: 400, reason: 'REQUEST_TOO_LARGE' });
    expect(answer.json.message).toBe('The request is larger than 16384 bytes, the limit of this method.');
    expect(detail(answer.json, RetryInfoSchema)).toBeUndefined();
    expect(answer.headers.get('retry-after')).toBeNull();
  });

  test('a body over the limit has a reason over gRPC, too', async () => {
    using channel = openChannel(`127.0.0.1:${gateway.port}`, { token: KEYS.ann, maxMessageBytes: 30_000_000 });
    const created = createGrpcClient(VideoService, channel).createVideo({
      source: { case: 'image', value: new Uint8Array(20_000_000) },
    });
    const error = RpcError.from(await created.catch((thrown: unknown) => thrown));
    expect(reasonOf(error)).toBe(ErrorReason.REQUEST_TOO_LARGE);
  });

  test('the watch limit answers with RetryInfo and Retry-After in the same seconds', async () => {
    await using limited = await startTestGateway({ CALLS_PER_SECOND: '1' });
    let refused: Response | undefined;
    for (let i = 0; i < 20 && !refused; i++) {
      const response = await fetch(`${limited.url}/cinematica.v1.VideoService/GetCapabilities`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...ann },
        body: '{}',
      });
      if (response.status === 429) refused = response;
    }
    expect(refused?.headers.get('retry-after')).toBe('1');
    expect(detail((await refused!.json()) as JsonObject, RetryInfoSchema)).toEqual({ retryDelay: '1s' });
  });
});

describe('keys', () => {
  const reason = async (headers: Record<string, string>) => {
    const answer = await call('ListVideos', {}, headers);
    return answer.status === 200 ? 'ok' : `${answer.status} ${refusalOf(answer).reason}`;
  };

  test('without anonymous callers, a forgotten or wrong key is refused in every header', async () => {
    const { status, headers } = await call('CreateVideo', { image }, {});
    expect([status, headers.get('www-authenticate'), headers.get('set-cookie')]).toEqual([401, 'Bearer', null]);
    expect(await reason({})).toBe('401 NOT_AUTHENTICATED');
    expect(await reason({ authorization: 'Bearer wrong' })).toBe('401 NOT_AUTHENTICATED');
    expect(await reason({ authorization: KEYS.ann })).toBe('401 NOT_AUTHENTICATED');
    expect(await reason({ 'x-api-key': 'wrong' })).toBe('401 NOT_AUTHENTICATED');
    expect(await reason({ 'x-api-key': KEYS.ann })).toBe('ok');
    expect(await reason({ ...ann, 'x-api-key': KEYS.ann })).toBe('ok');
    expect(await reason({ ...ann, 'x-api-key': 'wrong' })).toBe('401 NOT_AUTHENTICATED');
    expect(await reason({ ...ann, 'x-api-key': KEYS.bob })).toBe('401 NOT_AUTHENTICATED');
    // A share is public.
    expect((await call('GetSharedVideo', { share: 'x' }, {})).status).toBe(404);
  });

  test('keys are read again when their file changes', async () => {
    const before = await readFile(gateway.keysFile, 'utf8');
    await writeFile(gateway.keysFile, `${before}${apiKeyLine('eve', 'key-of-eve')}\n`);
    await expect.poll(() => reason({ 'x-api-key': 'key-of-eve' })).toBe('ok');
    await writeFile(gateway.keysFile, before);
    await expect.poll(() => reason({ 'x-api-key': 'key-of-eve' })).toBe('401 NOT_AUTHENTICATED');
  });
});

describe('other origins and addresses', () => {
  test('pages of configured origins may call with a key, and others may not', async () => {
    const url = `${gateway.url}/cinematica.v1.VideoService/ListVideos`;
    const wanted = 'authorization,x-stainless-os,x-stainless-retry-count,x-secret';
    const asked = { 'access-control-request-method': 'POST', 'access-control-request-headers': wanted };
    const preflight = (origin: string) => fetch(url, { method: 'OPTIONS', headers: { origin, ...asked } });
    const allowed = await preflight(SHOP);
    expect(allowed.status).toBe(204);
    expect(allowed.headers.get('access-control-allow-origin')).toBe(SHOP);
    const headersAllowed = allowed.headers.get('access-control-allow-headers')?.toLowerCase().split(', ') ?? [];
    // OpenAI's client in a browser sends those of `x-stainless-`.
    expect(headersAllowed).toEqual(expect.arrayContaining(wanted.split(',').slice(0, 3)));
    expect(headersAllowed).not.toContain('x-secret');
    expect((await preflight('https://evil.example')).status).toBe(403);
    const { headers } = await call('ListVideos', {}, { ...ann, origin: SHOP });
    expect(headers.get('access-control-allow-origin')).toBe(SHOP);
    expect(headers.get('access-control-expose-headers')).toMatch(/grpc-status/i);
    expect(headers.get('access-control-allow-credentials')).toBeNull();
    const other = await call('ListVideos', {}, { ...ann, origin: 'https://evil.example' });
    expect([other.headers.get('access-control-allow-origin'), other.headers.get('vary')]).toEqual([null, 'origin']);
  });

  test('links are absolute, and the key of the owner opens media without a link', async () => {
    const { video } = await gateway.client().createVideo({ source: { case: 'image', value: photo } });
    const file = video!.media.find(({ kind }) => kind === MediaKind.PHOTO)!;
    expect(file.url.startsWith(`${PUBLIC_URL}/media/`)).toBe(true);
    const { pathname, search } = new URL(file.url);
    const get = (path: string, headers: Record<string, string>) => fetch(`${gateway.url}${path}`, { headers });
    const linked = await get(`${pathname}${search}`, { origin: SHOP });
    expect(linked.status).toBe(200);
    expect(linked.headers.get('cross-origin-resource-policy')).toBe('cross-origin');
    expect(linked.headers.get('access-control-allow-origin')).toBe(SHOP);
    const part = await get(pathname, { ...ann, range: 'bytes=0-3' });
    expect([part.status, part.headers.get('cache-control')]).toEqual([206, 'private, no-cache']);
    expect((await get(pathname, { 'x-api-key': KEYS.ann })).status).toBe(200);
    expect((await get(pathname, { 'x-api-key': KEYS.bob })).status).toBe(404);
    expect((await get(pathname, { authorization: 'Bearer wrong' })).status).toBe(401);
    expect((await get(pathname, {})).status).toBe(404);
  });
});

test('labels and an external id are returned, listed, filtered and ordered', async () => {
  const bob = gateway.client({ key: KEYS.bob });
  const create = async (externalId: string, labels: Record<string, string>) => {
    const { video } = await bob.createVideo({ source: { case: 'image', value: photo }, externalId, labels });
    expect(video).toMatchObject({ externalId, labels });
    return video!.name;
  };
  const spring = await create('order-1', { project: 'spring', team: 'a' });
  const autumn = await create('order-2', { project: 'autumn' });
  const plain = await create('', {});
  await bob.cancelVideo({ name: autumn });
  const list = async (filter: string, orderBy = '') =>
    (await bob.listVideos({ filter, orderBy })).videos.map(({ name }) => name);
  expect(await list('')).toEqual([plain, autumn, spring]);
  expect(await list('', 'create_time')).toEqual([spring, autumn, plain]);
  expect(await list('labels.project = "spring"')).toEqual([spring]);
  expect(await list('labels:project AND state != CANCELLED')).toEqual([spring]);
  expect(await list('external_id = order-2')).toEqual([autumn]);
  expect(await list('state = STATE_CANCELLED')).toEqual([autumn]);
  expect(await list(`create_time > "${new Date(Date.now() + 60_000).toISOString()}"`)).toEqual([]);
  const first = await bob.listVideos({ filter: 'labels:project', orderBy: 'create_time', pageSize: 1 });
  expect(first.videos.map(({ name }) => name)).toEqual([spring]);
  const next = { filter: 'labels:project', orderBy: 'create_time', pageToken: first.nextPageToken };
  expect((await bob.listVideos(next)).videos.map(({ name }) => name)).toEqual([autumn]);
  const wrong = await expectRefusal(bob.listVideos({ ...next, filter: '' }));
  expect(wrong).toMatchObject({
    reason: 'INVALID_REQUEST',
    message: expect.stringContaining('another filter') as string,
  });
  for (const request of [{ filter: 'colour = red' }, { filter: 'state = OR' }, { orderBy: 'size' }]) {
    expect(await expectRefusal(bob.listVideos(request))).toMatchObject({ reason: 'INVALID_REQUEST' });
  }
  expect(
    await expectRefusal(bob.createVideo({ source: { case: 'video', value: spring }, labels: { 'No!': '' } })),
  ).toMatchObject({
    reason: 'INVALID_REQUEST',
  });
});

test('a watch survives a proxy that closes connections which are silent', async () => {
  // The gateway has no workers, so a video never changes by itself.
  const silentMs = 900;
  const proxy = createServer((client) => {
    const upstream = connect(gateway.port, '127.0.0.1');
    const end = () => {
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) socket.on('error', end).on('close', end);
    // Only what comes from the server counts, as with the read timeout of nginx.
    upstream.setTimeout(silentMs, end);
    client.pipe(upstream);
    upstream.pipe(client);
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const { port } = proxy.address() as AddressInfo;
  const { video } = await gateway.client().createVideo({ source: { case: 'image', value: photo } });
  const baseUrl = `http://127.0.0.1:${port}`;
  const transport = createConnectTransport({ baseUrl, httpVersion: '1.1' });
  const end = setTimeout(() => void gateway.client().cancelVideo({ name: video!.name }), 3 * silentMs);
  const cases: string[] = [];
  for await (const { message } of createClient(VideoService, transport).watchVideo(
    { name: video!.name },
    { headers: ann },
  )) {
    cases.push(message.case ?? '');
  }
  clearTimeout(end);
  proxy.close();
  // It ended because the video did.
  expect(cases.at(-1)).toBe('event');
  expect(cases.filter((name) => name === 'progress').length).toBeGreaterThan(4);
});

test('the limits of calls are part of the capabilities', async () => {
  const { capabilities } = await gateway.client().getCapabilities({});
  expect(capabilities?.limits).toMatchObject({
    callsPerSecond: 1000,
    callBurst: 5000,
    maxVideosPerDay: expect.any(Number) as number,
    maxWatches: 50,
    maxCreateRequestBytes: 17_000_000n,
  });
});
