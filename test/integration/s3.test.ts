import { LIFETIMES } from '@cinematica/pipeline';
import { MediaKind, Video_State } from '@cinematica/protocol/v1';
import { readdir } from 'node:fs/promises';
import { relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { watchToEnd } from '../support/api.ts';
import { fieldPhoto } from '../support/field-photo.ts';
import { leftovers } from '../support/leftovers.ts';
import { startRealSystem } from '../support/real-system.ts';
import type { RealSystem } from '../support/real-system.ts';
import { S3_SERVER, startTestS3 } from '../support/s3-server.ts';
import type { TestS3 } from '../support/s3-server.ts';

/** How many objects are in S3, by the first folder of their keys. */
async function objects({ folder }: TestS3): Promise<Record<string, number>> {
  const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
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

  const isReady = async (): Promise<number> => (await fetch(`${system.url}/readyz`)).status;

  test('makes a video, serves ranges of it, is not ready without S3, and removes a deleted video', async () => {
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

    await ann.deleteVideo({ name: ended.name });
    await expect.poll(() => objects(s3), { timeout: 20_000 }).toEqual({});
    expect((await Promise.all(LIFETIMES.map((lifetime) => system.artifacts.list(lifetime)))).flat()).toEqual([]);
  });
});
