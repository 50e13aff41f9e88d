import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Lifetime } from '../domain/messages.ts';
import { pipelineSettingsSchema } from '../domain/settings.ts';
import { createS3Artifacts } from './artifacts.ts';

/** A store whose answers the tests choose. */
let status: number;
let requests: number;
const server = createServer((_, response) => {
  requests++;
  response.writeHead(status, { 'content-type': 'application/xml' });
  response.end(status === 200 ? '<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>' : '');
});

beforeEach(async () => {
  requests = 0;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(() => {
  vi.useRealTimers();
  server.closeAllConnections();
  server.close();
});

function open(changes: Readonly<Record<string, string>> = {}) {
  const { port } = server.address() as AddressInfo;
  const settings = pipelineSettingsSchema.parse({
    S3_ENDPOINT: `http://127.0.0.1:${port}`,
    S3_PATH_STYLE: 'true',
    S3_TRIES: '2',
    AWS_ACCESS_KEY_ID: 'key',
    AWS_SECRET_ACCESS_KEY: 'secret',
    ...changes,
  });
  return createS3Artifacts({ ...settings, S3_BUCKET: 'videos' });
}

test('a check asks once, other requests as often as is set', async () => {
  status = 503;
  const artifacts = await open();
  await expect(artifacts.check()).rejects.toThrow('checking the bucket');
  expect(requests).toBe(1);
  await expect(artifacts.list(Lifetime.MEDIA)).rejects.toThrow('listing media/');
  expect(requests).toBe(3);
});

test('what was listed is told until two collections later, when another process collects', async () => {
  status = 200;
  const artifacts = await open({ S3_COLLECT_MS: '1000' });
  await artifacts.list(Lifetime.MEDIA);
  expect(artifacts.listed(Lifetime.MEDIA)).toEqual({ objects: 0, bytes: 0 });
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 2500 });
  expect(artifacts.listed(Lifetime.MEDIA)).toBeNull();
});

test('half of the credentials is refused', async () => {
  const settings = pipelineSettingsSchema.parse({ AWS_ACCESS_KEY_ID: 'key' });
  await expect(createS3Artifacts({ ...settings, S3_BUCKET: 'videos' })).rejects.toThrow('must be set together');
});
