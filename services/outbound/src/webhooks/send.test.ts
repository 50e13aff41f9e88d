import type { WebhookEvent } from '@cinematica/pipeline';
import type { IncomingHttpHeaders } from 'node:http';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createTestClient, startTlsServer } from '../testing/tls-server.ts';
import type { TlsServer } from '../testing/tls-server.ts';
import { newWebhookSecret, parseWebhookSecrets } from './secrets.ts';
import { sendWebhook } from './send.ts';

const EVENT: WebhookEvent = { id: 'evt_1', type: 'video.completed', body: '{"type":"video.completed","é":"☃"}' };
const [OLD, NEW] = [newWebhookSecret(), newWebhookSecret()] as const;

let server: TlsServer;
let received: { readonly headers: IncomingHttpHeaders; readonly body: string }[];
let status = 200;
beforeAll(async () => {
  server = await startTlsServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      received.push({ headers: request.headers, body: Buffer.concat(parts).toString() });
      if (request.url === '/silent') return;
      response.writeHead(status, { location: '/elsewhere' });
      if (request.url !== '/endless') return void response.end('secret');
      const writing = setInterval(() => response.write('x'.repeat(10_000)), 5);
      response.on('close', () => clearInterval(writing));
    });
  });
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(() => {
  received = [];
  status = 200;
});

function send(path = '/', secrets = `* ${OLD}`, addresses = ['127.0.0.1']) {
  const { http, rules } = createTestClient([server], () => addresses);
  return sendWebhook(http, `https://server.test:${server.port}${path}`, EVENT, {
    rules,
    secrets: parseWebhookSecrets(secrets).of('key-ann'),
    timeoutMs: 500,
    signal: AbortSignal.timeout(10_000),
  });
}

const verify = (secret: string) =>
  new Webhook(secret).verify(received[0]!.body, received[0]!.headers as Record<string, string>);

test('the library of Standard Webhooks verifies an event', async () => {
  expect(await send()).toEqual({ kind: 'delivered', status: 200 });
  expect(verify(OLD)).toEqual(JSON.parse(EVENT.body));
  expect(() => verify(NEW)).toThrow('No matching signature found');
  expect(received[0]!.headers).toMatchObject({
    'webhook-id': 'evt_1',
    'content-type': 'application/json',
    'user-agent': expect.stringMatching(/^Cinematica\/\d/) as unknown,
  });
});

test('while a secret is replaced, the old and the new one verify an event', async () => {
  await send('/', `ann ${OLD}\nann ${NEW}\n`);
  expect(String(received[0]!.headers['webhook-signature'])).toMatch(/^v1,\S+ v1,\S+$/);
  expect(verify(OLD)).toEqual(verify(NEW));
});

test('a key with its own secret is not signed with the one of all others', async () => {
  await send('/', `* ${OLD}\nann ${NEW}`);
  expect(verify(NEW)).toEqual(JSON.parse(EVENT.body));
  expect(() => verify(OLD)).toThrow('No matching signature found');
});

test('nothing is sent without a secret', async () => {
  expect(await send('/', `bob ${OLD}`)).toMatchObject({
    kind: 'failed',
    reason: expect.stringContaining('a secret') as unknown,
  });
  expect(received).toEqual([]);
});

test.each([
  [204, 'delivered'],
  [410, 'gone'],
  [301, 'failed'],
  [307, 'failed'],
  [400, 'failed'],
  [429, 'failed'],
  [500, 'failed'],
])('the answer %i means %s', async (answer, kind) => {
  status = answer;
  const outcome = await send();
  expect(outcome).toMatchObject({ kind, status: answer });
  expect(JSON.stringify(outcome)).not.toContain('secret');
  expect(received).toHaveLength(1);
});

test('a receiver that does not answer, and one with a private address, are failures with a reason', async () => {
  expect(await send('/silent')).toEqual({
    kind: 'failed',
    status: 0,
    reason: 'the receiver did not answer within 0.5 s',
  });
  expect(await send('/', `* ${OLD}`, ['10.0.0.1'])).toEqual({
    kind: 'failed',
    status: 0,
    reason: 'the URL must name a host with a public address',
  });
});

test('an answer without an end is cut off', async () => {
  const before = server.connections;
  expect(await send('/endless')).toMatchObject({ kind: 'delivered' });
  expect(server.connections).toBe(before + 1);
});

test.each([
  ['ann', 'line 1'],
  ['ann whsec_short', 'line 1'],
  [`ann ${OLD}\nbob secret`, 'line 2'],
  [`a.b ${OLD}`, 'line 1'],
])('a file of secrets with a wrong line is refused: %j', (text, line) => {
  expect(() => parseWebhookSecrets(text)).toThrow(`WEBHOOK_SECRETS_FILE: ${line} is not the name of a key`);
});
