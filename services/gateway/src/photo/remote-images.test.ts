import { pipelineSettings } from '@cinematica/pipeline';
import { Code, createRpcServer, reasonOf, refuseFields, RpcError } from '@cinematica/protocol';
import { OutboundService } from '@cinematica/protocol/outbound';
import { ErrorReason } from '@cinematica/protocol/v1';
import { once } from 'node:events';
import { afterAll, expect, test } from 'vitest';
import { createRemoteImages } from './remote-images.ts';

const TOKEN = 'a'.repeat(32);
const server = createRpcServer({ tokens: [TOKEN], onFault: () => undefined });
server.add(OutboundService, {
  async *fetchImage({ url }, { signal }) {
    await Promise.resolve();
    if (url.endsWith('/slow')) await once(signal, 'abort');
    if (url.endsWith('/refused')) throw refuseFields([{ field: 'image_url', description: 'must be another one' }]);
    yield { data: new Uint8Array([1, 2]) };
    yield { data: new Uint8Array([3]) };
  },
  getTimestamp: () => Promise.reject(new TypeError('photos need no time stamps')),
});
const port = await server.listen('127.0.0.1:0');
afterAll(() => server.close(0));

const open = (token: string) =>
  createRemoteImages({ address: `127.0.0.1:${port}`, token, rules: pipelineSettings(), maxBytes: 1_000 });
const never = new AbortController().signal;

async function refusal(fetched: Promise<Uint8Array>) {
  const error = RpcError.from(await fetched.then(() => undefined).catch((thrown: unknown) => thrown));
  return { code: error.code, reason: reasonOf(error) };
}

test('a photo is downloaded by the outbound service, and a refusal of its URL is for the caller', async () => {
  using images = open(TOKEN);
  expect([...(await images.fetch('https://example.com/photo', 'ann', never))]).toEqual([1, 2, 3]);
  expect(await refusal(images.fetch('https://example.com/refused', 'ann', never))).toEqual({
    code: Code.INVALID_ARGUMENT,
    reason: ErrorReason.INVALID_REQUEST,
  });
});

test('a wrong token of the gateway is not reported as a wrong key of the caller', async () => {
  using images = open('b'.repeat(32));
  expect(await refusal(images.fetch('https://example.com/photo', 'ann', never))).toEqual({
    code: Code.UNAVAILABLE,
    reason: ErrorReason.UNAVAILABLE,
  });
});

test('a client whose downloads take long does not keep others waiting', async () => {
  using images = open(TOKEN);
  const leaving = new AbortController();
  const slow = Array.from({ length: 8 }, () => images.fetch('https://example.com/slow', 'eve', leaving.signal));
  expect([...(await images.fetch('https://example.com/photo', 'ann', never))]).toEqual([1, 2, 3]);
  leaving.abort(new Error('eve left'));
  for (const each of slow) await expect(each).rejects.toThrow('eve left');
});
