import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fetchImage } from './fetch-image.ts';
import { createTestClient, startTlsServer } from './testing/tls-server.ts';
import type { TestClient, TlsServer } from './testing/tls-server.ts';

const PHOTO = randomBytes(300_000);
const MAX_BYTES = 400_000;

let server: TlsServer;
let openResponses = 0;
beforeAll(async () => {
  server = await startTlsServer((request, response) => {
    openResponses++;
    response.on('close', () => openResponses--);
    void answer(request.url ?? '', response);
  });
});
afterAll(() => server[Symbol.asyncDispose]());

const url = (path: string) => `https://server.test:${server.port}${path}`;

const IMAGE = { 'content-type': 'image/jpeg' };

/** Paths with an answer that is complete: status, headers, body. */
const ANSWERS: Readonly<Record<string, readonly [number, OutgoingHttpHeaders, (Buffer | string)?]>> = {
  '/photo': [200, { ...IMAGE, 'content-length': PHOTO.length }, PHOTO],
  '/photo-of-a-store': [200, { 'content-type': 'Application/Octet-Stream; x=y' }, PHOTO],
  '/html': [200, { 'content-type': 'text/html' }, '<p>secret</p>'],
  '/no-type': [200, {}, PHOTO],
  '/gzip': [200, { ...IMAGE, 'content-encoding': 'gzip' }, PHOTO],
  '/missing': [404, IMAGE, 'secret'],
  '/partial': [206, IMAGE, PHOTO],
  '/to-nowhere': [302, {}],
};

/** Paths that redirect, and where to. The port of `server.test` is that of the server. */
const REDIRECTS: Readonly<Record<string, string>> = {
  '/to-photo': 'https://other.test:PORT/photo',
  '/to-relative': '/photo',
  '/to-http': 'http://server.test/photo',
  '/to-metadata': 'https://169.254.169.254/latest/meta-data/',
  '/to-private-name': 'https://private.test:PORT/photo',
  '/to-port': 'https://server.test:22/',
  '/to-credentials': 'https://a:b@server.test/',
  '/to-itself': '/to-itself',
};

async function answer(path: string, response: ServerResponse): Promise<void> {
  const [status, headers, body] = ANSWERS[path] ?? [];
  const location = REDIRECTS[path]?.replace('PORT', String(server.port));
  if (status !== undefined) response.writeHead(status, headers).end(body);
  else if (location !== undefined) response.writeHead(302, { location }).end();
  else if (path === '/declared-too-large') {
    response.writeHead(200, { ...IMAGE, 'content-length': MAX_BYTES + 1 }).flushHeaders();
  } else if (path === '/cut') {
    response.writeHead(200, { ...IMAGE, 'content-length': PHOTO.length });
    response.write(PHOTO.subarray(0, 1_000));
    await delay(50);
    response.destroy();
  } else {
    // Without an end: quickly, or a byte at a time.
    const [part, pause] = path === '/endless' ? [PHOTO, 1] : ['x', 50];
    response.writeHead(200, IMAGE);
    while (!response.destroyed) {
      response.write(part);
      await delay(pause);
    }
  }
}

async function fetched(
  text: string,
  {
    timeoutMs = 5_000,
    signal = AbortSignal.timeout(20_000),
    ...client
  }: Partial<TestClient> & { timeoutMs?: number; signal?: AbortSignal } = {},
) {
  const { http, rules } = {
    ...createTestClient([server], (name) => (name === 'private.test' ? ['10.0.0.1'] : ['127.0.0.1'])),
    ...client,
  };
  const parts: Uint8Array[] = [];
  for await (const part of fetchImage(http, text, { rules, maxBytes: MAX_BYTES, timeoutMs, signal })) parts.push(part);
  return Buffer.concat(parts);
}

test.each(['/photo', '/photo-of-a-store', '/to-photo', '/to-relative'])('downloads %s', async (path) => {
  expect((await fetched(url(path))).equals(PHOTO)).toBe(true);
});

test.each([
  ['/html', 'type', 'its Content-Type must be image/'],
  ['/no-type', 'type', 'its Content-Type must be image/'],
  ['/gzip', 'failed', 'the server compresses the photo'],
  ['/missing', 'failed', 'answered with the status 404'],
  ['/partial', 'failed', 'answered with the status 206'],
  ['/declared-too-large', 'too-large', 'has more than 0.4 MB'],
  ['/endless', 'too-large', 'has more than 0.4 MB'],
  ['/cut', 'failed', 'closed the connection'],
  ['/to-http', 'refused', 'redirects to a URL that must begin with https://'],
  ['/to-metadata', 'refused', 'redirects to a URL that must name a host with a public address'],
  ['/to-private-name', 'refused', 'must name a host with a public address'],
  ['/to-port', 'refused', 'redirects to a URL that must not have the port 22'],
  ['/to-credentials', 'refused', 'redirects to a URL that must not contain a user name'],
  ['/to-itself', 'failed', 'redirects more than 3 times'],
  ['/to-nowhere', 'failed', 'redirects to an invalid URL'],
])('refuses %s', async (path, failure, message) => {
  const error: unknown = await fetched(url(path)).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ name: 'FetchImageError', failure });
  expect((error as Error).message).toContain(message);
  // What the other side sends is never shown.
  expect((error as Error).message).not.toContain('secret');
  await expect.poll(() => openResponses).toBe(0);
});

test('a body that arrives too slowly is given up at the deadline', async () => {
  const started = Date.now();
  await expect(fetched(url('/slow'), { timeoutMs: 1_000 })).rejects.toThrow('did not send it within 1 s');
  expect(Date.now() - started).toBeLessThan(10_000);
  await expect.poll(() => openResponses).toBe(0);
});

test('a download ends when its caller goes away', async () => {
  const reason = new Error('gone');
  const caller = new AbortController();
  setTimeout(() => caller.abort(reason), 200);
  await expect(fetched(url('/slow'), { signal: caller.signal })).rejects.toBe(reason);
  await expect.poll(() => openResponses).toBe(0);
});

test('a URL that is not allowed is refused before anything is resolved', async () => {
  const client = createTestClient([server]);
  await expect(fetched('http://server.test/', client)).rejects.toMatchObject({ failure: 'refused' });
  expect(client.resolved).toEqual([]);
});
