import { LIFETIMES } from '@cinematica/pipeline';
import { MediaKind, Video_State } from '@cinematica/protocol/v1';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { watchToEnd } from '../support/api.ts';
import { fieldPhoto } from '../support/field-photo.ts';
import { leftovers } from '../support/leftovers.ts';
import { startRealSystem } from '../support/real-system.ts';
import type { RealSystem } from '../support/real-system.ts';
import { S3_SERVER, startTestS3 } from '../support/s3-server.ts';
import type { TestS3 } from '../support/s3-server.ts';

/** How many artifacts are in S3, by the first folder of their keys. */
async function objects({ folder }: TestS3): Promise<Record<string, number>> {
  const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter(
    (entry) => entry.isFile() && entry.name !== 'installation.txt',
  );
  const counts: Record<string, number> = {};
  for (const { parentPath } of files) {
    const [first = ''] = relative(folder, parentPath).split('/');
    counts[first] = (counts[first] ?? 0) + 1;
  }
  return counts;
}

describe.skipIf(S3_SERVER === null)('a real system with photos and media in S3', () => {
  let s3: TestS3;
  let system: RealSystem;

  beforeAll(async () => {
    s3 = await startTestS3();
    const short = { S3_CHECK_MS: '200', S3_TRIES: '2', S3_TIMEOUT_MS: '2000', S3_COLLECT_MS: '1000' };
    system = await startRealSystem({ ...s3.environment(), ...short });
  });
  afterAll(async () => {
    await system[Symbol.asyncDispose]();
    await s3[Symbol.asyncDispose]();
  });

  const logOf = (name: string): Promise<string> => readFile(join(system.folder, 'logs', `${name}.log`), 'utf8');
  async function metricsUrl(name: string): Promise<string> {
    const port = /"started","port":\d+,"metrics":(\d+)/.exec(await logOf(name))?.[1];
    return `http://127.0.0.1:${port}`;
  }
  const isReady = async (): Promise<number> => (await fetch(`${system.url}/readyz`)).status;

  test('makes a video, serves ranges of it, is not ready without S3 or its prefix, and removes a deleted video', async () => {
    const ann = system.client('ann');
    const settings = {
      frames: 2,
      steps: 2,
      minGuidance: 1,
      maxGuidance: 1,
      shape: { case: 'size' as const, value: { width: 64, height: 64 } },
    };
    const { video } = await ann.createVideo({ source: { case: 'image', value: await fieldPhoto() }, settings });
    const ended = (await watchToEnd(ann, video!.name)).at(-1)!.video!;
    expect(ended.state).toBe(Video_State.DONE);
    // Only NATS' own buckets of what can be made again were used, and they are empty by now.
    await expect.poll(() => leftovers(system), { timeout: 20_000 }).toEqual(await objects(s3));
    expect(Object.keys(await objects(s3)).sort()).toEqual(['media', 'photos']);

    const { url } = ended.media.find(({ kind }) => kind === MediaKind.MP4)!;
    const get = (headers: Record<string, string> = {}) => fetch(new URL(url, system.url), { headers });
    const whole = Buffer.from(await (await get()).arrayBuffer());
    const range = await get({ range: 'bytes=10-99' });
    expect([range.status, range.headers.get('content-range')]).toEqual([206, `bytes 10-99/${whole.length}`]);
    expect(Buffer.from(await range.arrayBuffer()).equals(whole.subarray(10, 100))).toBe(true);

    await s3.kill();
    await expect.poll(isReady, { timeout: 20_000 }).toBe(503);
    expect((await get()).status).toBe(503);
    await s3.start();
    await expect.poll(isReady, { timeout: 20_000 }).toBe(200);
    expect(Buffer.from(await (await get()).arrayBuffer()).equals(whole)).toBe(true);

    // Another installation has taken the prefix over.
    const ownerFile = join(s3.folder, 'installation.txt');
    const owner = await readFile(ownerFile, 'utf8');
    await writeFile(ownerFile, 'another');
    await expect.poll(isReady, { timeout: 20_000 }).toBe(503);
    for (const name of ['gateway', 'muxer']) {
      const says = async () => (await fetch(`${await metricsUrl(name)}/readyz`)).text();
      await expect.poll(says, { timeout: 20_000 }).toContain('s3://artifacts/ belongs to the installation another');
    }
    const before = await objects(s3);
    await ann.deleteVideo({ name: ended.name });
    await expect.poll(() => logOf('gateway'), { timeout: 20_000 }).toContain('"job":"videos removed"');
    expect(await objects(s3)).toEqual(before);
    await writeFile(ownerFile, owner);
    await expect.poll(isReady, { timeout: 20_000 }).toBe(200);

    await expect.poll(() => objects(s3), { timeout: 20_000 }).toEqual({});
    expect((await Promise.all(LIFETIMES.map((lifetime) => system.artifacts.list(lifetime)))).flat()).toEqual([]);
  });
});
