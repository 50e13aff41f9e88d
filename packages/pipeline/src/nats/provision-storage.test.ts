import { jetstreamManager } from '@nats-io/jetstream';
import { expect, test } from 'vitest';
import { startTestNats } from '../../../../test/support/nats-server.ts';
import { StorageFullError } from '../domain/errors.ts';
import { Lifetime } from '../domain/messages.ts';
import { openTestSystem, TEST_MODEL, testSettings } from '../testing/system.ts';
import { DEAD_LETTER_STREAM, PREVIEW_STREAM } from './names.ts';
import { provision } from './provision.ts';

const MIB = 1024 ** 2;

test.each([4, 32, 64, 300, 2_000])('a server that may store %d MiB is set up', async (mebibytes) => {
  await using server = await startTestNats({ maxDisk: mebibytes * MIB });
  const settings = testSettings();
  await using system = await openTestSystem(server.url, 'test', settings);
  await provision(system.nats, settings, [TEST_MODEL]);
  const manager = await jetstreamManager(system.nats);
  const [dead, previews] = await Promise.all(
    [DEAD_LETTER_STREAM, PREVIEW_STREAM].map(async (name) => (await manager.streams.info(name)).config.max_bytes),
  );
  expect(dead! + previews!).toBeLessThanOrEqual(Math.min(320, mebibytes) * MIB);
  expect(dead! + previews!).toBeGreaterThan((Math.min(320, mebibytes) * MIB) / 2 - 1);
});

test('a bucket that does not fit is reported', async () => {
  await using server = await startTestNats({ maxDisk: 32 * MIB });
  const settings = testSettings({ BUCKET_MIB: 64, PROVISION_TIMEOUT_MS: 500 });
  await using system = await openTestSystem(server.url, 'test', settings);
  await expect(provision(system.nats, settings, [TEST_MODEL])).rejects.toThrow(StorageFullError);
});

test('a smaller bucket limit after a restart keeps the artifacts and refuses new ones', async () => {
  await using server = await startTestNats();
  const large = testSettings({ BUCKET_MIB: 16 });
  await using system = await openTestSystem(server.url, 'test', large);
  await provision(system.nats, large, [TEST_MODEL]);
  const data = Buffer.alloc(4 * MIB, 'x');
  const artifact = await system.artifacts.put(Lifetime.MEDIA, 'video/mp4', 'mp4', data);
  await system.artifacts.requireRoom(10 * MIB);
  await expect(system.artifacts.requireRoom(12 * MIB)).rejects.toThrow(
    'the bucket media is full: 5 MiB of 16 MiB are used, and unfinished videos need 12 MiB',
  );
  await server.kill();
  await server.start();
  await using again = await openTestSystem(server.url, 'test', large);
  await provision(again.nats, testSettings({ BUCKET_MIB: 1 }), [TEST_MODEL]);
  expect(data.equals(await again.artifacts.get(artifact))).toBe(true);
  await expect(again.artifacts.requireRoom()).rejects.toThrow(StorageFullError);
  await expect(again.artifacts.put(Lifetime.MEDIA, 'other/mp4', 'mp4', data)).rejects.toThrow(StorageFullError);
});
