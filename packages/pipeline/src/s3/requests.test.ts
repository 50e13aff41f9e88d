import dns from 'node:dns';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Lifetime } from '../domain/messages.ts';
import { pipelineSettingsSchema } from '../domain/settings.ts';
import { createS3Artifacts } from './artifacts.ts';

/** A store whose answers the tests choose. */
let status: number;
let requests: number;
let seen: { readonly url: string; readonly headers: IncomingHttpHeaders }[];
const installation = { id: () => Promise.resolve('test') };
const server = createServer((request, response) => {
  // The prefix belongs to the installation of the tests.
  if (request.url?.includes('/installation.txt')) {
    response.end('test');
    return;
  }
  requests++;
  seen.push({ url: request.url ?? '', headers: request.headers });
  response.writeHead(status, { 'content-type': 'application/xml' });
  response.end(status === 200 ? '<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>' : '');
});

beforeEach(async () => {
  requests = 0;
  seen = [];
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
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
  return createS3Artifacts({ ...settings, S3_BUCKET: 'videos' }, installation);
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
  await expect(createS3Artifacts({ ...settings, S3_BUCKET: 'videos' }, installation)).rejects.toThrow(
    'must be set together',
  );
});

test('without S3_PATH_STYLE, the bucket is a part of the host', async () => {
  status = 200;
  const { lookup } = dns;
  vi.spyOn(dns, 'lookup').mockImplementation(((host: string, ...rest: [dns.LookupOneOptions, () => void]) => {
    lookup(host.endsWith('s3.test') ? '127.0.0.1' : host, ...rest);
  }) as typeof dns.lookup);
  const { port } = server.address() as AddressInfo;
  const artifacts = await open({ S3_ENDPOINT: `http://s3.test:${port}`, S3_PATH_STYLE: 'false' });
  await artifacts.list(Lifetime.MEDIA);
  expect(seen.map(({ url, headers }) => [url.split('?')[0], headers.host])).toEqual([['/', `videos.s3.test:${port}`]]);
});

test('the credentials for the identity of a pod are renewed with its current token', async () => {
  status = 200;
  const sts = createServer((request, response) => {
    void text(request).then((body) => {
      const token = new URLSearchParams(body).get('WebIdentityToken');
      const expiration = new Date(Date.now() + 60_000).toISOString();
      response.writeHead(200, { 'content-type': 'text/xml' });
      response.end(`<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult>
        <Credentials><AccessKeyId>${token}KEY</AccessKeyId><SecretAccessKey>secret</SecretAccessKey>
        <SessionToken>session of ${token}</SessionToken><Expiration>${expiration}</Expiration></Credentials>
        </AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`);
    });
  });
  await new Promise<void>((resolve) => sts.listen(0, '127.0.0.1', resolve));
  const folder = await mkdtemp(join(tmpdir(), 'cinematica-identity-'));
  try {
    const file = join(folder, 'token');
    const environment = {
      // Those of the machine that runs the test would be used instead.
      AWS_ACCESS_KEY_ID: undefined,
      AWS_SECRET_ACCESS_KEY: undefined,
      AWS_PROFILE: undefined,
      AWS_ENDPOINT_URL_STS: `http://127.0.0.1:${(sts.address() as AddressInfo).port}`,
      AWS_REGION: 'us-east-1',
      AWS_ROLE_ARN: 'arn:aws:iam::123456789012:role/videos',
      AWS_WEB_IDENTITY_TOKEN_FILE: file,
    };
    for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
    const { port } = server.address() as AddressInfo;
    const settings = pipelineSettingsSchema.parse({ S3_ENDPOINT: `http://127.0.0.1:${port}`, S3_PATH_STYLE: 'true' });
    const artifacts = await createS3Artifacts({ ...settings, S3_BUCKET: 'videos' }, installation);
    for (const token of ['first', 'second']) {
      await writeFile(file, token);
      // The client uses old credentials that are still valid while it fetches new ones.
      await vi.waitFor(
        async () => {
          await artifacts.list(Lifetime.MEDIA);
          const { headers } = seen.at(-1)!;
          expect(headers['x-amz-security-token']).toBe(`session of ${token}`);
          expect(headers.authorization).toContain(`Credential=${token}KEY/`);
        },
        { timeout: 20_000 },
      );
    }
  } finally {
    sts.closeAllConnections();
    sts.close();
    await rm(folder, { recursive: true });
  }
});
