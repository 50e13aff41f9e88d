import { checkOutboundUrl, OutboundRefusedError, pipelineSettings } from '@cinematica/pipeline';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestClient, startTlsServer, TEST_CA } from '../testing/tls-server.ts';
import type { TestClient, TlsServer } from '../testing/tls-server.ts';
import { createGuardedHttp } from './guarded-http.ts';
import { resolvePublicName } from './resolve.ts';

const NO_PUBLIC_ADDRESS = new OutboundRefusedError('must name a host with a public address');

let server: TlsServer;
beforeAll(async () => {
  server = await startTlsServer((request, response) => {
    if (request.url === '/endless-headers') {
      for (let index = 0; index < 2_000; index++) response.setHeader(`x-header-${index}`, 'x'.repeat(64));
    }
    if (request.url !== '/silent') response.end(`${request.headers.host ?? ''} ${request.method ?? ''}`);
  });
});
afterAll(() => server[Symbol.asyncDispose]());

async function get({ http }: Pick<TestClient, 'http'>, url: string, signal = AbortSignal.timeout(5_000)) {
  const response = await http.request(new URL(url), { method: 'GET', headers: {}, signal });
  const parts: Buffer[] = [];
  for await (const part of response) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}

test('a name is resolved once, and its certificate is checked', async () => {
  const client = createTestClient([server]);
  expect(await get(client, `https://server.test:${server.port}/`)).toBe(`server.test:${server.port} GET`);
  expect(client.resolved).toEqual(['server.test']);
});

test('a name that resolves to another address the second time is connected to at the address that was judged', async () => {
  const before = server.connections;
  const client = createTestClient([server], (_, query) => (query === 1 ? ['127.0.0.1'] : ['169.254.169.254']));
  expect(await get(client, `https://server.test:${server.port}/`)).toContain('server.test');
  expect(client.resolved).toHaveLength(1);
  expect(server.connections).toBe(before + 1);
  // The next request resolves the name again, and refuses the new address.
  await expect(get(client, `https://server.test:${server.port}/`)).rejects.toThrow(NO_PUBLIC_ADDRESS);
});

test.each([
  ['a private address', ['10.0.0.1']],
  ['the metadata service', ['169.254.169.254']],
  ['an IPv4-mapped address', ['::ffff:127.0.0.1']],
  ['a NAT64 address', ['64:ff9b::a00:1']],
  ['a 6to4 address', ['2002:a00:1::']],
  ['IPv6 loopback', ['::1']],
  ['several addresses, all private', ['192.168.1.1', 'fd00::1']],
  ['no address', []],
])('a name with %s is refused in the same words, without a connection', async (_, addresses) => {
  const before = server.connections;
  const client = createTestClient([server], () => addresses);
  await expect(get(client, `https://server.test:${server.port}/`)).rejects.toThrow(NO_PUBLIC_ADDRESS);
  expect(server.connections).toBe(before);
});

test('of several addresses only those that passed are connected to', async () => {
  const client = createTestClient([server], () => ['10.0.0.1', '::1', '127.0.0.1']);
  expect(await get(client, `https://server.test:${server.port}/`)).toContain('server.test');
});

test('an address in the URL is judged without a resolver', async () => {
  const http = createGuardedHttp({ rules: pipelineSettings(), ca: TEST_CA });
  const before = server.connections;
  for (const host of ['127.0.0.1', '2130706433', '0x7f.1', '[::ffff:127.0.0.1]']) {
    await expect(get({ http }, `https://${host}:${server.port}/`)).rejects.toThrow(NO_PUBLIC_ADDRESS);
  }
  expect(server.connections).toBe(before);
});

test('with the real rules, a name that resolves to this machine gets no connection', async () => {
  const http = createGuardedHttp({
    rules: pipelineSettings(),
    ca: TEST_CA,
    resolve: () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]),
  });
  const before = server.connections;
  await expect(get({ http }, `https://server.test:${server.port}/`)).rejects.toThrow(NO_PUBLIC_ADDRESS);
  expect(server.connections).toBe(before);
});

test('the resolver of the system service does not read /etc/hosts', async () => {
  await expect(resolvePublicName('localhost', AbortSignal.timeout(1_000))).rejects.toThrow();
});

test('a certificate for another name, or of an unknown authority, is refused', async () => {
  const client = createTestClient([server]);
  await expect(get(client, `https://wrong.test:${server.port}/`)).rejects.toMatchObject({
    code: 'ERR_TLS_CERT_ALTNAME_INVALID',
  });
  const http = createGuardedHttp({
    rules: client.rules,
    isAllowed: () => true,
    resolve: () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]),
  });
  await expect(get({ http }, `https://server.test:${server.port}/`)).rejects.toMatchObject({
    code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  });
});

test('headers without an end are refused', async () => {
  await expect(
    get(createTestClient([server]), `https://server.test:${server.port}/endless-headers`),
  ).rejects.toMatchObject({
    code: 'HPE_HEADER_OVERFLOW',
  });
});

test('a request ends with the reason of its signal, also while a name is being resolved', async () => {
  const reason = new Error('enough');
  const silent = get(createTestClient([server]), `https://server.test:${server.port}/silent`, abortAfter(100, reason));
  await expect(silent).rejects.toBe(reason);
  const http = createGuardedHttp({ rules: pipelineSettings(), resolve: () => new Promise(() => undefined) });
  await expect(get({ http }, 'https://server.test/', abortAfter(100, reason))).rejects.toBe(reason);
});

test('the setting for local tests connects to this machine over http', async () => {
  const rules = pipelineSettings({ OUTBOUND_UNSAFE_ALLOW_HTTP_AND_PRIVATE_ADDRESSES: true });
  const http = createGuardedHttp({ rules, ca: TEST_CA });
  const url = checkOutboundUrl(`https://localhost:${server.port}/`, rules);
  expect(await get({ http }, url.href)).toContain('localhost');
});

function abortAfter(milliseconds: number, reason: Error): AbortSignal {
  const controller = new AbortController();
  setTimeout(() => controller.abort(reason), milliseconds);
  return controller.signal;
}
