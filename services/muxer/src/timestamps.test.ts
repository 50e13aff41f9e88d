import { createLocalAuthority, readCredentials } from '@cinematica/credentials';
import { createTestTimestampAuthority } from '@cinematica/credentials/testing/timestamp-authority';
import { Code, createRpcServer, refuse } from '@cinematica/protocol';
import { OutboundService } from '@cinematica/protocol/outbound';
import { ErrorReason } from '@cinematica/protocol/v1';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createCredentialSigner } from './content-credentials.ts';
import { openTimestamps } from './timestamps.ts';

const TOKEN = 'a'.repeat(32);
const ORIGIN = { model: { name: 'nano', digest: '01' }, settings: {} };
const cleanup = new AsyncDisposableStack();
afterAll(() => cleanup.disposeAsync());

const clock = cleanup.use(await createTestTimestampAuthority());
const identity = await createLocalAuthority('a test');
const roots = { own: [identity.root], others: [], clocks: [clock.root] };
let asked = 0;
let isThere = true;
let folder: string;
let address: string;
let poster: Uint8Array;

beforeAll(async () => {
  const server = createRpcServer({ tokens: [TOKEN], onFault: () => undefined });
  server.add(OutboundService, {
    fetchImage: () => {
      throw new TypeError('the muxer needs no photos');
    },
    async getTimestamp({ timestampRequest }) {
      asked++;
      if (!isThere) throw refuse(Code.UNAVAILABLE, ErrorReason.UNAVAILABLE, 'the authority could not be reached');
      return { timestampResponse: await clock.reply(timestampRequest) };
    },
  });
  address = `127.0.0.1:${await server.listen('127.0.0.1:0')}`;
  cleanup.defer(() => server.close(0));
  folder = await mkdtemp(join(tmpdir(), 'timestamps-'));
  cleanup.defer(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'certificates.pem'), identity.certificates);
  await writeFile(join(folder, 'key.pem'), identity.privateKey);
  poster = await sharp({ create: { width: 64, height: 64, channels: 3, background: '#888' } })
    .webp()
    .toBuffer();
});

/** A signer, the warnings that it logs, and how often the authority is asked. */
function open() {
  const timestamps = openTimestamps({ address, token: TOKEN });
  cleanup.defer(() => timestamps.close());
  const warnings: unknown[] = [];
  const log = { warn: (message: string, fields?: object) => void warnings.push({ message, ...fields }) };
  return { signer: createCredentialSigner(folder, '1.2.3', { ...timestamps, log }), warnings };
}

test('each file of a video gets a time stamp, which the outbound service asks for', async () => {
  isThere = true;
  asked = 0;
  const { signer, warnings } = open();
  const sign = signer.forVideo(ORIGIN);
  for (const file of [await sign(poster), await sign(poster)]) {
    expect(await readCredentials(file, roots)).toMatchObject({ state: 'valid', time: expect.any(Date) as Date });
  }
  expect({ asked, warnings }).toEqual({ asked: 2, warnings: [] });
});

test('without the authority, a video is signed without time stamps, and asks only once', async () => {
  isThere = false;
  asked = 0;
  const { signer, warnings } = open();
  const sign = signer.forVideo(ORIGIN);
  for (const file of [await sign(poster), await sign(poster)]) {
    expect(await readCredentials(file, roots)).toMatchObject({ state: 'valid', voucher: 'own', time: null });
  }
  expect(asked).toBe(1);
  expect(warnings).toEqual([expect.objectContaining({ message: 'the files of a video get no time stamp' })]);
  isThere = true;
  expect(await readCredentials(await signer.forVideo(ORIGIN)(poster), roots)).toMatchObject({
    time: expect.any(Date) as Date,
  });
});

test('the certificate is read once for each video', async () => {
  const { signer } = open();
  const sign = signer.forVideo(ORIGIN);
  await sign(poster);
  await rename(join(folder, 'key.pem'), join(folder, 'moved.pem'));
  expect(await readCredentials(await sign(poster), roots)).toMatchObject({ voucher: 'own' });
  await expect(signer.forVideo(ORIGIN)(poster)).rejects.toThrow('key.pem');
  await rename(join(folder, 'moved.pem'), join(folder, 'key.pem'));
});
