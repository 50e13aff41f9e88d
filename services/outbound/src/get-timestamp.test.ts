import { createTestTimestampAuthority } from '@cinematica/credentials/testing/timestamp-authority';
import { createLocalAuthority, readCredentials, readSigner, signMedia } from '@cinematica/credentials';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { getTimestamp } from './get-timestamp.ts';

async function serve(answer: RequestListener) {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/tsr`,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

const signal = new AbortController().signal;
const request = Uint8Array.of(0x30, 0);

test('an authority over HTTP stamps credentials, whose time is then known', async () => {
  await using clock = await createTestTimestampAuthority();
  const types: (string | undefined)[] = [];
  await using server = await serve((asked, response) => {
    types.push(asked.headers['content-type']);
    void buffer(asked)
      .then((body) => clock.reply(body))
      .then((reply) => response.setHeader('content-type', 'application/timestamp-reply').end(reply));
  });
  const identity = await createLocalAuthority('a test');
  const failures: unknown[] = [];
  const picture = await sharp({ create: { width: 64, height: 64, channels: 3, background: '#888' } })
    .jpeg()
    .toBuffer();
  const origin = { generator: { name: 'test', version: '1' }, model: { name: 'nano', digest: '01' }, settings: {} };
  const signed = await signMedia(picture, origin, readSigner(identity), {
    request: (der) => getTimestamp(der, { url: server.url, timeoutMs: 5_000, signal }),
    failed: (error) => failures.push(error),
  });
  expect(failures).toEqual([]);
  expect(types).toEqual(['application/timestamp-query']);
  const read = await readCredentials(signed, { own: [identity.root], others: [], clocks: [clock.root] });
  expect(read).toMatchObject({ state: 'valid', voucher: 'own', time: expect.any(Date) as Date });
});

test.each([
  ['an error', (response) => response.writeHead(503).end(), 'answered with the status 503'],
  ['too much', (response) => response.end(Buffer.alloc(70_000)), 'sent more than 65536 bytes'],
  ['nothing', () => undefined, 'did not answer within 300 ms'],
  ['a part', (response) => void response.write('0'), 'did not answer within 300 ms'],
  ['a redirect', (response) => response.writeHead(302, { location: '/' }).end(), 'answered with the status 302'],
] as const satisfies readonly (readonly [string, (response: Parameters<RequestListener>[1]) => unknown, string])[])(
  'an authority that sends %s gives no time stamp',
  async (_, answer, message) => {
    await using server = await serve((_asked, response) => void answer(response));
    const failed = getTimestamp(request, { url: server.url, timeoutMs: 300, signal });
    await expect(failed).rejects.toThrow(`the time stamp authority ${message}`);
  },
);

test('an authority that does not listen gives no time stamp, and the error says why', async () => {
  const server = await serve(() => undefined);
  await server[Symbol.asyncDispose]();
  const failed = getTimestamp(request, { url: server.url, timeoutMs: 5_000, signal });
  await expect(failed).rejects.toThrow('could not be asked: the server refused the connection');
});
