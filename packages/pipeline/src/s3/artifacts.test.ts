import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startFaultyProxy } from '../../../../test/support/faulty-proxy.ts';
import type { FaultyProxy } from '../../../../test/support/faulty-proxy.ts';
import { S3_SERVER, startTestS3 } from '../../../../test/support/s3-server.ts';
import type { TestS3 } from '../../../../test/support/s3-server.ts';
import { UnavailableError } from '../domain/errors.ts';
import { ArtifactStore, Lifetime } from '../domain/messages.ts';
import { MissingArtifactError } from '../domain/ports/artifacts.ts';
import type { Artifacts } from '../domain/ports/artifacts.ts';
import { pipelineSettingsSchema } from '../domain/settings.ts';

const MIB = 1024 * 1024;
const { MEDIA, PHOTO } = Lifetime;
const installation = { id: () => Promise.resolve('test') };

describe.skipIf(S3_SERVER === null)('artifacts in S3', () => {
  let server: TestS3;
  let proxy: FaultyProxy;
  let artifacts: Artifacts;

  /** Opens the bucket with other settings. It is loaded here, because the client is not needed without a server. */
  async function open(changes: Record<string, string>): Promise<Artifacts> {
    const { createS3Artifacts } = await import('./artifacts.ts');
    const settings = pipelineSettingsSchema.parse({
      ...server.environment(proxy.url),
      S3_PREFIX: 'cell-a/',
      ...changes,
    });
    return createS3Artifacts({ ...settings, S3_BUCKET: settings.S3_BUCKET! }, installation);
  }
  const fileOf = (name: string) => join(server.folder, 'cell-a/media', name);
  const stored = (name: string, data: Buffer) => artifacts.put(MEDIA, name, 'mp4', data);

  beforeAll(async () => {
    server = await startTestS3();
    proxy = await startFaultyProxy(server.port);
    artifacts = await open({});
  });
  afterAll(async () => {
    await proxy[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  test.each([0, 1, 8 * MIB, 8 * MIB + 1, 20 * MIB])(
    'reads back %i bytes unchanged, whole and in ranges',
    async (size) => {
      const data = randomBytes(size);
      const artifact = await stored(`v/0/mux/1/${size}`, data);
      expect(artifact).toMatchObject({ size: BigInt(size), store: ArtifactStore.S3 });
      expect(data.equals(await artifacts.get(artifact))).toBe(true);
      if (size < 3 * MIB) return;
      const parts: Uint8Array[] = [];
      for await (const part of artifacts.stream(artifact, { range: { first: 5, last: 3 * MIB } })) {
        expect(part.length).toBeLessThanOrEqual(MIB);
        parts.push(part);
      }
      expect(Buffer.concat(parts).equals(data.subarray(5, 3 * MIB + 1))).toBe(true);
    },
  );

  test('two attempts under one name store the same bytes once, and different ones apart', async () => {
    const [same, again] = await Promise.all([1, 2].map(() => stored('v/0/mux/1/same', Buffer.from('same'))));
    const other = await stored('v/0/mux/1/same', Buffer.from('other'));
    expect(again!.name).toBe(same!.name);
    expect(other.name).not.toBe(same!.name);
    expect(Buffer.from(await artifacts.get(same!)).toString()).toBe('same');
  });

  test('lists by video, tells the time, and removes', async () => {
    const artifact = await artifacts.put(PHOTO, 'listed/0/photo/1/photo', 'photo', Buffer.from('photo'));
    await artifacts.put(PHOTO, 'other/0/photo/1/photo', 'photo', Buffer.from('photo'));
    expect(await artifacts.list(PHOTO, 'listed')).toEqual([artifact.name]);
    expect(artifacts.listed(PHOTO)).toBeNull();
    expect(await artifacts.list(PHOTO)).toHaveLength(2);
    expect(artifacts.listed(PHOTO)).toEqual({ objects: 2, bytes: 10 });
    expect(Math.abs((await artifacts.time(PHOTO, artifact.name))! - Date.now())).toBeLessThan(60_000);
    for (let count = 0; count < 2; count++) await artifacts.remove(PHOTO, artifact.name);
    expect(await artifacts.time(PHOTO, artifact.name)).toBeNull();
    await expect(artifacts.get(artifact)).rejects.toThrow(MissingArtifactError);
  });

  test('reports an object whose content or size is another one', async () => {
    const changed = await stored('v/0/mux/1/changed', randomBytes(1000));
    await writeFile(fileOf(changed.name), randomBytes(1000));
    await expect(artifacts.get(changed)).rejects.toThrow('is not what was written');
    await truncate(fileOf(changed.name), 10);
    await expect(artifacts.get(changed)).rejects.toThrow(MissingArtifactError);
  });

  test('reads and writes through a slow network with cut connections, and a busy store', async () => {
    proxy.faults = { slow: 0.15, busy: 0.15, cut: 0.15 };
    const patient = await open({ S3_TRIES: '20' });
    for (const size of [...Array<number>(10).fill(100_000), 9 * MIB]) {
      const data = randomBytes(size);
      const artifact = await patient.put(MEDIA, `v/0/mux/1/faults-${proxy.requests.length}`, 'mp4', data);
      expect(data.equals(await patient.get(artifact))).toBe(true);
    }
    proxy.faults = {};
    expect(Math.min(proxy.counts.slow, proxy.counts.busy, proxy.counts.cut)).toBeGreaterThan(0);
  });

  test('an object that the store loses when it is written is written again, or not reported as stored', async () => {
    proxy.faults = { lost: 1 };
    const quick = await open({ S3_TRIES: '1' });
    await expect(quick.put(MEDIA, 'v/0/mux/1/lost', 'mp4', Buffer.from('lost'))).rejects.toThrow('S3 lost');
    let lossesLeft = 1;
    proxy.faults = {
      get lost() {
        return lossesLeft-- > 0 ? 1 : 0;
      },
    };
    const kept = await quick.put(MEDIA, 'v/0/mux/1/lost-once', 'mp4', Buffer.from('kept'));
    expect(lossesLeft).toBe(-1);
    proxy.faults = {};
    expect(Buffer.from(await artifacts.get(kept)).toString()).toBe('kept');
  });

  test('an upload that fails leaves nothing, and one that was left over is removed', async () => {
    const leftover = await open({ S3_TRIES: '1' });
    proxy.faults = { lost: 1 };
    // The parts are lost, so the upload cannot be completed.
    await expect(leftover.put(MEDIA, 'v/0/mux/1/parts', 'mp4', randomBytes(10 * MIB))).rejects.toThrow(
      UnavailableError,
    );
    proxy.faults = {};
    expect(await artifacts.removeBroken(MEDIA, 0)).toBe(0);
    const { CreateMultipartUploadCommand } = await import('@aws-sdk/client-s3');
    const { createS3Client } = await import('./client.ts');
    const client = await createS3Client(pipelineSettingsSchema.parse(server.environment()));
    await client.send(new CreateMultipartUploadCommand({ Bucket: 'artifacts', Key: 'cell-a/media/v/0/mux/1/left' }));
    expect(await artifacts.removeBroken(MEDIA, 60_000)).toBe(0);
    expect(await artifacts.removeBroken(MEDIA, 0)).toBe(1);
  });

  test('a store that is away, refuses, or has no such bucket is unavailable, and nothing counts as missing', async () => {
    const artifact = await stored('v/0/mux/1/away', Buffer.from('here'));
    const quick = { S3_TRIES: '1' };
    const forged = await open({ ...quick, AWS_SECRET_ACCESS_KEY: 'wrong' });
    await expect(forged.check()).rejects.toThrow('check the credentials');
    const refused = await open({ ...quick, S3_BUCKET: 'other' });
    await expect(refused.check()).rejects.toThrow('the S3 bucket other does not exist');
    await expect(refused.get(artifact)).rejects.toThrow(UnavailableError);
    await server.kill();
    const away = await open(quick);
    for (const attempt of [() => away.check(), () => away.get(artifact), () => away.list(MEDIA)]) {
      await expect(attempt()).rejects.toThrow(UnavailableError);
    }
    await server.start();
    expect(Buffer.from(await artifacts.get(artifact)).toString()).toBe('here');
  });

  test('stops at once when the caller does', async () => {
    proxy.faults = { slow: 1 };
    const artifact = stored('v/0/mux/1/stopped', Buffer.from('x'));
    await expect(artifacts.get(await artifact, AbortSignal.timeout(1))).rejects.toThrow(/timeout/i);
    await expect(
      artifacts.put(MEDIA, 'v/x', 'mp4', Buffer.from('x'), AbortSignal.abort(new Error('stop'))),
    ).rejects.toThrow('stop');
    proxy.faults = {};
  });

  test('trusts an authority of its own, with credentials from a file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cinematica-tls-'));
    const [cert, key, file] = ['cert.pem', 'key.pem', 'credentials'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
    execFileSync('openssl', ['req', '-x509', ...curve, '-nodes', ...subject, '-keyout', key, '-out', cert], {
      stdio: 'ignore',
    });
    await using secure = await startTestS3({ tls: { cert, key } });
    const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, ...environment } = secure.environment();
    await writeFile(
      file,
      `[default]\naws_access_key_id = ${AWS_ACCESS_KEY_ID}\naws_secret_access_key = ${AWS_SECRET_ACCESS_KEY}\n`,
    );
    const { createS3Artifacts } = await import('./artifacts.ts');
    const start = (changes: Record<string, string>) => {
      const values = { ...environment, AWS_SHARED_CREDENTIALS_FILE: file, S3_TRIES: '1', ...changes };
      return createS3Artifacts({ ...pipelineSettingsSchema.parse(values), S3_BUCKET: 'artifacts' }, installation);
    };
    await expect((await start({})).check()).rejects.toThrow(/self-signed/);
    await (await start({ S3_CA_FILE: cert })).check();
    const lost = await start({ S3_CA_FILE: cert, AWS_SHARED_CREDENTIALS_FILE: join(folder, 'none') });
    await expect(lost.check()).rejects.toThrow('there are no credentials for S3');
    await expect(start({ S3_CA_FILE: join(folder, 'none.pem') })).rejects.toThrow('S3_CA_FILE');
    await rm(folder, { recursive: true });
  });

  test('the folder of a prefix is its own', async () => {
    expect((await readdir(server.folder)).filter((name) => !name.startsWith('.'))).toEqual(['cell-a']);
    expect(await (await open({ S3_PREFIX: 'cell-b/' })).list(MEDIA)).toEqual([]);
    await rm(join(server.folder, 'cell-a'), { recursive: true });
    expect(await artifacts.list(MEDIA)).toEqual([]);
  });
});
