/** No request may stop the gateway, or make it use more memory than it has in production. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import sharp from 'sharp';
import { afterAll, afterEach, expect, test } from 'vitest';
import { chart } from './photo/test-photos.ts';
import { startTestGateway } from './testing/gateway-process.ts';

const gateway = await startTestGateway({
  MAX_CONNECTIONS: '200',
  MAX_CONNECTIONS_PER_ADDRESS: '100',
  CALLS_PER_SECOND: '200',
});
afterAll(() => gateway[Symbol.asyncDispose]());

const photo = new Uint8Array(await chart(96, 64).jpeg().toBuffer());
const createVideo = async (client = gateway.client(), value = photo) => {
  const { video } = await client.createVideo({ source: { case: 'image', value } });
  return video!.name;
};

/** The memory limit of the gateway in deploy/k8s is 1536 MiB. A photo process takes up to 500 MB of it. */
const MEMORY_LIMIT_MIB = 1024;

afterEach(() => {
  const [, kib = ''] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${gateway.pid}/status`, 'utf8')) ?? [];
  expect(Number(kib) / 1024).toBeLessThan(MEMORY_LIMIT_MIB);
  expect(gateway.log.join('\n')).not.toMatch(/"level":"error"/);
});

const SERVICE = '/cinematica.v1.VideoService';

const post = (path: string, type: string, body: Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) =>
  fetch(gateway.url + path, { method: 'POST', headers: { 'content-type': type, ...headers }, body });

const brackets = (bytes: number) => Buffer.from(`{"name":${'['.repeat(bytes / 2)}${']'.repeat(bytes / 2)}}`);
const manyFields = (bytes: number) => Buffer.from(`{${'"a":{},'.repeat(bytes / 7)}"b":1}`);

/** Connects a socket and sends text. The gateway may close the connection at any time. */
async function open(text: string): Promise<Socket> {
  const socket = connect(gateway.port, '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(text);
  return socket;
}

const headOf = (path: string, length: number, type = 'application/json') =>
  `POST ${path} HTTP/1.1\r\nHost: gateway\r\nContent-Type: ${type}\r\nContent-Length: ${length}\r\n\r\n`;

/** Everything that the gateway sends until it closes the connection. */
async function responseOf(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  if (!socket.destroyed) await once(socket, 'close');
  return Buffer.concat(chunks).toString('latin1');
}

test.each([
  ['deeply nested JSON', brackets(16_900_000)],
  ['JSON with millions of fields', manyFields(16_900_000)],
])('%s is refused before it is parsed, compressed or not', async (_, body) => {
  const compressed = new Uint8Array(gzipSync(body));
  for (const method of ['GetSharedVideo', 'GetVideo', 'CreateVideo', 'WatchVideo']) {
    const answers = await Promise.all(
      Array.from({ length: 5 }, () =>
        post(`${SERVICE}/${method}`, 'application/json', compressed, { 'content-encoding': 'gzip' }),
      ),
    );
    for (const { status } of answers) expect([400, 404, 413, 415, 429, 501]).toContain(status);
  }
  const plain = await post(`${SERVICE}/CreateVideo`, 'application/json', new Uint8Array(body));
  expect(plain.status).toBe(400);
  expect(await plain.json()).toMatchObject({
    code: 'invalid_argument',
    message: expect.stringContaining('JSON') as string,
  });
});

test('a binary upload of millions of unknown fields, or of one repeated field, uses little memory', async () => {
  const unknown = Buffer.alloc(16_900_000).fill(Buffer.from([0x78, 0x01]));
  const settings = Buffer.alloc(16_900_000).fill(Buffer.from([0x22, 0x00]));
  for (const body of [unknown, settings]) {
    const compressed = new Uint8Array(gzipSync(body));
    for (let i = 0; i < 3; i++) {
      const answer = await post(`${SERVICE}/CreateVideo`, 'application/proto', compressed, {
        'content-encoding': 'gzip',
      });
      expect(answer.status).toBe(400);
    }
  }
});

test('large bodies of methods with small requests are refused without being read, also by services without callers', async () => {
  const body = new Uint8Array(16_900_000);
  for (const path of [`${SERVICE}/GetVideo`, '/grpc.health.v1.Health/Check']) {
    const answers = await Promise.allSettled(Array.from({ length: 40 }, () => post(path, 'application/proto', body)));
    for (const answer of answers) if (answer.status === 'fulfilled') expect(answer.value.status).toBe(400);
  }
});

test('a refused HTTP/1.1 upload is not read completely: the client gets the response, then the connection closes', async () => {
  const socket = await open(headOf(`${SERVICE}/GetVideo`, 500_000_000));
  const response = responseOf(socket);
  const chunk = Buffer.alloc(1_000_000);
  for (let sent = 0; sent < 100 && !socket.destroyed; sent++) {
    if (!socket.write(chunk)) await Promise.race([once(socket, 'drain'), once(socket, 'close')]).catch(() => undefined);
  }
  expect(await response).toMatch(/^HTTP\/1.1 400 /);
  // The rest is in the buffers of the two sockets.
  expect(socket.bytesWritten).toBeLessThan(40_000_000);
});

test('a refused HTTP/2 upload is not read completely', async () => {
  const session = connectHttp2(gateway.url);
  const stream = session.request({
    ':method': 'POST',
    ':path': `${SERVICE}/GetVideo`,
    'content-type': 'application/proto',
    'content-length': '100000000',
  });
  const response = once(stream, 'response');
  stream.on('error', () => undefined).resume();
  const closed = once(stream, 'close');
  const chunk = Buffer.alloc(1_000_000);
  for (let sent = 0; sent < 100 && !stream.destroyed; sent++) {
    if (!stream.write(chunk)) await Promise.race([once(stream, 'drain'), closed]).catch(() => undefined);
  }
  const [headers] = (await response) as [Record<string, unknown>];
  expect(headers[':status']).toBe(400);
  await closed;
  expect(session.socket.bytesWritten).toBeLessThan(20_000_000);
  session.close();
});

test('slow uploads do not delay other uploads, and end with 504', async () => {
  const slow = await Promise.all(
    Array.from({ length: 6 }, () => open(`${headOf(`${SERVICE}/CreateVideo`, 16_900_000)}{"image":"`)),
  );
  const trickle = setInterval(() => slow.forEach((socket) => socket.write('A'.repeat(100))), 250);
  try {
    const answers = slow.map(responseOf);
    expect(await createVideo()).toMatch(/^videos\//);
    expect(await createVideo(gateway.client({ key: null }))).toMatch(/^videos\//);
    for (const answer of await Promise.all(answers)) expect(answer).toMatch(/^HTTP\/1.1 504 /);
  } finally {
    clearInterval(trickle);
  }
});

// Only Linux has these addresses.
test.runIf(process.platform === 'linux')(
  'half-sent uploads from several addresses, which use all memory, delay no other upload',
  async () => {
    const raw = { width: 800, height: 600, channels: 3 } as const;
    const large = await sharp(randomBytes(800 * 600 * 3), { raw })
      .jpeg()
      .toBuffer();
    const sockets = Array.from({ length: 8 }, (_, index) => {
      const socket = connect({ port: gateway.port, host: '127.0.0.1', localAddress: `127.0.0.${index + 2}` });
      socket.on('error', () => undefined).write(headOf(`${SERVICE}/CreateVideo`, 16_900_000, 'application/proto'));
      // The first field of the request, an image of 16 MB, which never ends.
      socket.write(Buffer.concat([Buffer.from([0x0a, 0x80, 0x80, 0xd0, 0x07]), Buffer.alloc(15_900_000)]));
      return socket;
    });
    // All memory for uploads is used when the first of them is refused, at the latest.
    const refused = Promise.any(sockets.map(responseOf));
    for (let i = 0; i < 5; i++) {
      const begun = performance.now();
      expect(await createVideo(gateway.client(), new Uint8Array(large))).toMatch(/^videos\//);
      expect(performance.now() - begun).toBeLessThan(5_000);
      await delay(200);
    }
    expect(await refused).toContain('Too many requests are being received');
    for (const socket of sockets) socket.destroy();
  },
);

test('a request with lone surrogates gets a response with a valid error message', async () => {
  const message = Buffer.from('"\\uDDaE"');
  const body = new Uint8Array([0, 0, 0, 0, message.length, ...message]);
  for (const method of ['CreateVideo', 'ListVideos']) {
    const answer = await post(`${SERVICE}/${method}`, 'application/grpc-web+json', body);
    expect(await answer.text()).toMatch(/grpc-status: 3\r\n/);
  }
  const key = `{"request_id":"${'\\uDDaE'.repeat(2000)}"}`;
  const long = await post(`${SERVICE}/CreateVideo`, 'application/json', new Uint8Array(Buffer.from(key)));
  expect(long.status).toBe(400);
  expect((await long.text()).length).toBeLessThan(10_000);
});

test('idle connections are closed to make room for new ones', async () => {
  const idle: Socket[] = [];
  for (let i = 0; i < 150; i++) {
    const socket = await open('GET /livez HTTP/1.1\r\nHost: gateway\r\n\r\n');
    await once(socket, 'data');
    idle.push(socket);
  }
  // These send half a request, or nothing.
  for (let i = 0; i < 150; i++) idle.push(await open(i % 2 === 0 ? '' : 'GET /livez HTTP/1.1\r\nHost: gate'));
  for (let i = 0; i < 5; i++) {
    const socket = await open('GET /livez HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n');
    expect(await responseOf(socket)).toMatch(/^HTTP\/1.1 200 /);
  }
  const openCount = idle.filter(({ destroyed, readableEnded }) => !destroyed && !readableEnded).length;
  expect(openCount).toBeLessThanOrEqual(100);
  for (const socket of idle) socket.destroy();
});

test('a client that sends hundreds of calls at once and leaves neither ends the gateway nor delays others', async () => {
  const call = headOf(`${SERVICE}/GetVideo`, 0, 'application/proto');
  // More calls than one address may make: the refusals are being written when the client leaves.
  for (let i = 0; i < 40; i++) {
    const socket = await open(call.repeat(90));
    await delay(i % 20);
    socket.destroy();
  }
  const many = await open(call.repeat(5_000));
  const closed = new Promise((resolve) => many.once('close', resolve));
  const begun = performance.now();
  await gateway.client().getCapabilities({});
  expect(performance.now() - begun).toBeLessThan(10_000);
  await closed;
});

test('random bodies never cause a server error, in every protocol', async () => {
  const types = [
    'application/json',
    'application/proto',
    'application/grpc-web+proto',
    'application/grpc-web+json',
    'application/connect+json',
  ];
  for (const type of types) {
    for (const method of ['CreateVideo', 'WatchVideo', 'GetCapabilities']) {
      const answer = await post(`${SERVICE}/${method}`, type, new Uint8Array(randomBytes(200)));
      await answer.arrayBuffer();
      expect(answer.status).toBeLessThan(500);
    }
  }
});

test('the gateway still creates videos after all these requests', async () => {
  expect(await createVideo(gateway.client({ protocol: 'grpc' }))).toMatch(/^videos\//);
});
