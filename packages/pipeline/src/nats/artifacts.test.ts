import { jetstreamManager } from '@nats-io/jetstream';
import { randomBytes } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestNats } from '../../../../test/support/nats-server.ts';
import type { TestNats } from '../../../../test/support/nats-server.ts';
import { Lifetime } from '../domain/messages.ts';
import { bucketStream } from './names.ts';
import { provision } from './provision.ts';
import { openTestSystem, testSettings } from '../testing/system.ts';
import type { TestSystem } from '../testing/system.ts';
import { StorageFullError, UnavailableError } from '../domain/errors.ts';
import { MissingArtifactError } from '../domain/ports/artifacts.ts';

let server: TestNats;
let system: TestSystem;

beforeAll(async () => {
  server = await startTestNats();
  system = await openTestSystem(server.url, 'test', testSettings({ BUCKET_MIB: 8, REQUEST_TIMEOUT_MS: 1_000 }));
  await provision(system.nats, system.settings, []);
});
afterAll(async () => {
  await system[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

const stored = (name: string, size: number) =>
  system.artifacts.put(Lifetime.LATENTS, name, 'part', new Uint8Array(randomBytes(size)));

describe('artifacts', () => {
  test.each([0, 1, 512 * 1024, 512 * 1024 + 1, 3_000_000])('reads back %i bytes unchanged', async (size) => {
    const data = randomBytes(size);
    const artifact = await system.artifacts.put(Lifetime.FRAMES, `v/0/decode/1/${size}`, 'frames', data);
    expect(artifact.size).toBe(BigInt(size));
    expect(Buffer.from(await system.artifacts.get(artifact)).equals(data)).toBe(true);
  });

  test('concurrent writes to one name get different names', async () => {
    const all = await Promise.all(Array.from({ length: 3 }, () => stored('v/0/encode/1/same', 1000)));
    expect(new Set(all.map(({ name }) => name)).size).toBe(3);
    for (const artifact of all) expect(await system.artifacts.get(artifact)).toHaveLength(1000);
  });

  test('reports an artifact that is missing, has no content, or has other content', async () => {
    const gone = await stored('v/0/encode/1/gone', 100);
    await system.artifacts.remove(Lifetime.LATENTS, gone.name);
    await expect(system.artifacts.get(gone)).rejects.toThrow(MissingArtifactError);

    const hollow = await stored('v/0/encode/1/hollow', 2_000_000);
    const manager = await jetstreamManager(system.nats);
    await manager.streams.purge(bucketStream(Lifetime.LATENTS), { filter: '$O.latents.C.>' });
    await expect(system.artifacts.get(hollow)).rejects.toThrow('has lost its content');

    const other = await stored('v/0/encode/1/other', 100);
    other.sha256 = randomBytes(32);
    await expect(system.artifacts.get(other)).rejects.toThrow('is not what was written');
  });

  test('removing an artifact leaves no metadata, marker or chunk', async () => {
    const artifact = await stored('v/0/encode/1/removed', 1_500_000);
    const manager = await jetstreamManager(system.nats);
    const count = async () => (await manager.streams.info(bucketStream(Lifetime.LATENTS))).state.messages;
    const before = await count();
    await system.artifacts.remove(Lifetime.LATENTS, artifact.name);
    await system.artifacts.remove(Lifetime.LATENTS, artifact.name);
    expect(before - (await count())).toBe(4);
    expect(await system.artifacts.list(Lifetime.LATENTS)).not.toContain(artifact.name);
  });

  test('a full bucket reports StorageFullError, and accepts artifacts again after others were removed', async () => {
    const first = await system.artifacts.put(Lifetime.MEDIA, 'v/0/mux/1/first', 'mp4', randomBytes(5_000_000));
    const second = () => system.artifacts.put(Lifetime.MEDIA, 'v/0/mux/1/second', 'mp4', randomBytes(5_000_000));
    const refused = await second().catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(StorageFullError);
    await system.artifacts.removeBroken(Lifetime.MEDIA, 0);
    await system.artifacts.remove(Lifetime.MEDIA, first.name);
    expect(await system.artifacts.get(await second())).toHaveLength(5_000_000);
  });

  test('detects a byte that changed on the disk', async () => {
    const artifact = await system.artifacts.put(Lifetime.PHOTO, 'v/0/photo/1/flipped', 'photo', randomBytes(100_000));
    const data = Buffer.from(await system.artifacts.get(artifact));
    await server.kill();
    const folder = join(server.folder, 'store/jetstream/$G/streams', bucketStream(Lifetime.PHOTO), 'msgs');
    for (const file of (await readdir(folder)).filter((name) => name.endsWith('.blk'))) {
      const block = await readFile(join(folder, file));
      const at = block.indexOf(data.subarray(0, 64));
      if (at < 0) continue;
      block[at + 1000]! ^= 1;
      await writeFile(join(folder, file), block);
    }
    await server.start();
    await expect
      .poll(() => system.artifacts.get(artifact).catch((error: unknown) => (error as Error).name), { timeout: 20_000 })
      .toBe('MissingArtifactError');
  });

  test('distinguishes an unreachable server from a missing artifact', async () => {
    const artifact = await stored('v/0/encode/1/away', 100);
    await server.kill();
    await expect(system.artifacts.get(artifact)).rejects.toThrow(UnavailableError);
    await server.start();
    await expect.poll(() => system.artifacts.get(artifact).catch(() => null), { timeout: 20_000 }).toHaveLength(100);
  });
});
