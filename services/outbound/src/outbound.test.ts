import { digestOfKey } from '@cinematica/gateway/api-keys';
import { KEYS, readAll, startTestGateway } from '@cinematica/gateway/testing/gateway';
import type { TestGateway } from '@cinematica/gateway/testing/gateway';
import { blackPng, chart } from '@cinematica/gateway/testing/photos';
import { ErrorInfoSchema, openChannel, createClient } from '@cinematica/protocol';
import { OutboundService } from '@cinematica/protocol/outbound';
import { MediaKind, Video_State, Webhook_State } from '@cinematica/protocol/v1';
import { Code, ConnectError } from '@connectrpc/connect';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePorts } from '../../../scripts/launch/ports.ts';
import { startOutbound, startReceiver, TEST_TOKEN } from './testing/outbound-process.ts';
import type { OutboundProcess, Receiver } from './testing/outbound-process.ts';
import { newWebhookSecret } from './webhooks/secrets.ts';

const UNSAFE = { OUTBOUND_UNSAFE_ALLOW_HTTP_AND_PRIVATE_ADDRESSES: 'true' };
const [ANN, OTHERS] = [newWebhookSecret(), newWebhookSecret()] as const;
const photo = await chart(96, 64).jpeg().toBuffer();
/** What the receiver serves. */
const FILES: Readonly<Record<string, { readonly type: string; readonly data: Uint8Array | string }>> = {
  '/photo.jpg': { type: 'image/jpeg', data: photo },
  '/large.jpg': { type: 'image/jpeg', data: Buffer.alloc(12_000_001) },
  '/bomb.png': { type: 'image/png', data: blackPng(30_000, 30_000) },
  '/page.html': { type: 'text/html', data: '<p>secret</p>' },
  '/not-a-photo.jpg': { type: 'image/jpeg', data: '<p>secret</p>' },
};
const cleanup = new AsyncDisposableStack();

let gateway: TestGateway;
let outbound: OutboundProcess;
let receiver: Receiver;
let grpcPort: number;
/** The statuses of the next answers; 200 when there are none. */
let statuses: number[] = [];

beforeAll(async () => {
  receiver = cleanup.use(
    await startReceiver((request, response) => {
      const file = FILES[request.url ?? ''];
      if (file) response.writeHead(200, { 'content-type': file.type }).end(file.data);
      else response.writeHead(request.method === 'POST' ? (statuses.shift() ?? 200) : 404).end('secret');
    }),
  );
  const home = await mkdtemp(join(tmpdir(), 'cinematica-keys-'));
  cleanup.defer(() => rm(home, { recursive: true }));
  const line = (name: keyof typeof KEYS) => `${name} ${digestOfKey(KEYS[name]).toString('hex')}`;
  await writeFile(join(home, 'keys'), `${line('ann')} webhook=${receiver.url}/ann\n${line('bob')}\n`);
  [grpcPort = 0] = await freePorts(1);
  gateway = cleanup.use(
    await startTestGateway({
      ...UNSAFE,
      API_KEYS_FILE: join(home, 'keys'),
      OUTBOUND_ADDRESS: `127.0.0.1:${grpcPort}`,
      OUTBOUND_TOKEN: TEST_TOKEN,
    }),
  );
  outbound = cleanup.use(
    await startOutbound(`* ${OTHERS}\nann ${ANN}\n`, {
      ...UNSAFE,
      NATS_URL: gateway.nats.url,
      GRPC_PORT: String(grpcPort),
      WEBHOOK_PAUSES_S: '0.2,0.4',
      DRAIN_MS: '1000',
    }),
  );
});
afterAll(() => cleanup.disposeAsync());

const create = (request: object, key: string | null = KEYS.ann) =>
  gateway
    .client({ key })
    .createVideo({ source: { case: 'imageUrl', value: `${receiver.url}/photo.jpg` }, ...request })
    .then(({ video }) => video!);

async function refusal(call: Promise<unknown>) {
  const error = ConnectError.from(
    await call.then(
      () => null,
      (thrown: unknown) => thrown,
    ),
  );
  return { code: error.code, reason: error.findDetails(ErrorInfoSchema)[0]?.reason, message: error.rawMessage };
}

/** The webhooks of a video, once none of them is waiting or due. */
async function settledWebhooks(name: string, key: string = KEYS.ann) {
  const get = async () => (await gateway.client({ key }).getVideo({ name })).video!.webhooks;
  await expect
    .poll(async () => (await get()).map(({ state }) => state))
    .not.toEqual(expect.arrayContaining([expect.toBeOneOf([Webhook_State.WAITING, Webhook_State.DUE])]));
  return get();
}

const receivedAt = (path: string) => receiver.received.filter((request) => request.path === path);

test('a photo is downloaded from its URL', async () => {
  const video = await create({});
  expect(video.media).toMatchObject([{ kind: MediaKind.PHOTO, width: 96, height: 64 }]);
});

test.each([
  ['/missing.jpg', 'IMAGE_NOT_FETCHED', 'the server answered with the status 404'],
  ['/page.html', 'IMAGE_TYPE_UNSUPPORTED', 'does not send an image'],
  ['/not-a-photo.jpg', 'IMAGE_TYPE_UNSUPPORTED', ''],
  ['/large.jpg', 'IMAGE_TOO_LARGE', 'more than 12 MB'],
  ['/bomb.png', 'IMAGE_TOO_LARGE', ''],
])('the photo at %s is refused like an upload', async (path, reason, text) => {
  const { code, message, ...rest } = await refusal(
    create({ source: { case: 'imageUrl', value: receiver.url + path } }),
  );
  expect({ code, ...rest }).toEqual({ code: Code.InvalidArgument, reason });
  expect(message).toContain(text);
  expect(message).not.toContain('secret');
});

test('a URL that is not allowed is refused with the name of its field', async () => {
  const image = await refusal(create({ source: { case: 'imageUrl', value: 'file:///etc/passwd' } }));
  expect(image).toMatchObject({ code: Code.InvalidArgument, message: 'image_url: must begin with https://' });
  const callback = await refusal(create({ callbackUrl: 'https://me:secret@example.com/' }));
  expect(callback.message).toBe('callback_url: must not contain a user name or a password');
});

test('the events of a video reach the webhook of the key and that of the request, each with a valid signature', async () => {
  const { name } = await create({ callbackUrl: `${receiver.url}/callback` });
  expect((await gateway.client().getVideo({ name })).video!.webhooks).toMatchObject([
    { url: `${receiver.url}/ann`, state: Webhook_State.WAITING },
    { url: `${receiver.url}/callback`, state: Webhook_State.WAITING },
  ]);
  await gateway.client().cancelVideo({ name });
  expect(await settledWebhooks(name)).toMatchObject(
    [1, 2].map(() => ({ state: Webhook_State.DELIVERED, attempts: 1, lastStatus: 200, lastError: '' })),
  );
  for (const path of ['/ann', '/callback']) {
    const request = receivedAt(path).find(({ body }) => body.includes(name))!;
    const event = new Webhook(ANN).verify(request.body, request.headers as Record<string, string>);
    expect(event).toMatchObject({ type: 'video.cancelled', data: { name, status: 'cancelled' } });
  }
});

test('a webhook is tried again until it succeeds, is given up, or answers 410', async () => {
  const outcomes = [];
  for (const answers of [
    [500, 429],
    [500, 404, 503],
    [500, 410],
  ]) {
    statuses = answers;
    const { name } = await create({ callbackUrl: `${receiver.url}/bob` }, KEYS.bob);
    await gateway.client({ key: KEYS.bob }).cancelVideo({ name });
    outcomes.push(...(await settledWebhooks(name, KEYS.bob)));
  }
  expect(outcomes).toMatchObject([
    { state: Webhook_State.DELIVERED, attempts: 3, lastStatus: 200 },
    { state: Webhook_State.FAILED, attempts: 3, lastError: 'the receiver answered with the status 503' },
    { state: Webhook_State.GONE, attempts: 2, lastStatus: 410 },
  ]);
  expect(new Set(receivedAt('/bob').map(({ headers }) => headers['webhook-id'])).size).toBe(3);
  for (const { body, headers } of receivedAt('/bob'))
    new Webhook(OTHERS).verify(body, headers as Record<string, string>);
  expect(await outbound.metrics()).toMatch(
    /cinematica_webhook_attempts_total\{outcome="given_up",service="outbound"\} 1/,
  );
});

test('a callback needs an API key', async () => {
  const { code, message } = await refusal(create({ callbackUrl: `${receiver.url}/nobody` }, null));
  expect(code).toBe(Code.Unauthenticated);
  expect(message).toContain('callback_url needs an API key');
  expect((await create({}, null)).webhooks).toEqual([]);
});

test('the service answers only calls with its token', async () => {
  using channel = openChannel(`127.0.0.1:${grpcPort}`, { token: 'x'.repeat(32) });
  const call = createClient(OutboundService, channel).fetchImage({ url: `${receiver.url}/photo.jpg`, maxBytes: 1_000 });
  await expect(readAll(call)).rejects.toMatchObject({ message: expect.stringContaining('token') as unknown });
});

test('without the outbound service, photos cannot be downloaded, and events wait', async () => {
  const { name, state } = await create({ callbackUrl: `${receiver.url}/later` });
  expect(state).toBe(Video_State.QUEUED);
  expect(await outbound.stop()).toBe(0);
  expect(await refusal(create({}))).toMatchObject({ code: Code.Unavailable, reason: 'UNAVAILABLE' });
  await gateway.client().cancelVideo({ name });
  await expect
    .poll(async () => (await gateway.client().getVideo({ name })).video!.webhooks.map(({ state: now }) => now))
    .toEqual([Webhook_State.DUE, Webhook_State.DUE]);
  cleanup.use(await startOutbound(`* ${OTHERS}`, { ...UNSAFE, NATS_URL: gateway.nats.url, GRPC_PORT: '0' }));
  expect((await settledWebhooks(name)).map(({ state: now }) => now)).toEqual([
    Webhook_State.DELIVERED,
    Webhook_State.DELIVERED,
  ]);
});
