import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestNats } from '../../../../test/support/nats-server.ts';
import { S3_SERVER, startTestS3 } from '../../../../test/support/s3-server.ts';
import type { TestS3 } from '../../../../test/support/s3-server.ts';
import { Lifetime } from '../domain/messages.ts';
import { s3SettingsSchema } from '../domain/s3-settings.ts';
import type { PipelineSettings } from '../domain/settings.ts';
import { openInstallation } from '../nats/installation.ts';
import { provision } from '../nats/provision.ts';
import { startFleet } from '../testing/fleet.ts';
import { openTestSystem, TEST_MODEL, testSettings } from '../testing/system.ts';
import { startStorageCheck } from './storage-check.ts';
import { takeOverS3Prefix } from './take-over-s3-prefix.ts';

/** An installation with its own NATS, with the check of a gateway. */
async function startInstallation(settings: PipelineSettings) {
  await using cleanup = new AsyncDisposableStack();
  const server = cleanup.use(await startTestNats());
  const logged: string[] = [];
  const system = cleanup.use(await openTestSystem(server.url, 'test', settings, (line) => logged.push(line)));
  const { nats, artifacts, log } = system;
  await provision(nats, settings, [TEST_MODEL]);
  const parts = { service: 'gateway', artifacts, settings, log, onChange: () => undefined };
  const check = startStorageCheck(parts)!;
  cleanup.defer(() => check.close());
  const id = await openInstallation(nats, settings).id();
  const kept = cleanup.move();
  return { server, system, check, id, logged, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

describe.skipIf(S3_SERVER === null)('two installations with the same bucket and prefix', () => {
  let s3: TestS3;
  beforeAll(async () => {
    s3 = await startTestS3();
  });
  afterAll(() => s3[Symbol.asyncDispose]());

  /** The artifacts of both, as files of the server. */
  const stored = async (): Promise<string[]> =>
    (await readdir(s3.folder, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile() && entry.name !== 'installation.txt')
      .map(({ name }) => name)
      .sort();

  test('the second is not ready and removes nothing, until it takes the prefix over', async () => {
    const own = s3SettingsSchema.parse({ ...s3.environment(), S3_CHECK_MS: '100', S3_COLLECT_MS: '100' });
    const settings = testSettings({ ...own, ORPHAN_AGE_MS: 1 });
    await using first = await startInstallation(settings);
    await first.check.ready(AbortSignal.timeout(60_000));
    const { record } = await first.system.add('a photo');
    await first.system.artifacts.put(Lifetime.MEDIA, `${record.videoId}/0/mux/1/mp4`, 'mp4', Buffer.from('media'));
    const before = await stored();
    expect(before).toHaveLength(2);

    await using second = await startInstallation(settings);
    // Its records name none of these artifacts, so each of its collections would remove all of them.
    await using fleet = startFleet(['housekeeper'], {
      url: second.server.url,
      settings,
      stepMilliseconds: 1,
      stepsFile: '/dev/null',
    });
    const waits = () => fleet.lines.filter((line) => line.includes('housekeeping job waits for the storage')).length;
    await expect.poll(waits, { timeout: 60_000 }).toBeGreaterThan(3);
    await expect.poll(() => second.check.failures, { timeout: 60_000 }).toBeGreaterThan(4);
    expect(second.check.healthy).toBe(false);
    const reason = `s3://artifacts/ belongs to the installation ${first.id}, and this one is ${second.id}: set another S3_PREFIX`;
    expect(second.check.details().s3).toContain(reason);
    expect(second.logged.join('')).toContain(reason);
    expect(fleet.lines.join('')).toContain(reason);
    expect(first.check.healthy).toBe(true);
    expect(first.check.details()).toEqual({});
    expect(await stored()).toEqual(before);

    expect(await takeOverS3Prefix(second.system.nats, settings, first.id)).toBe(second.id);
    await second.check.ready(AbortSignal.timeout(60_000));
    await expect
      .poll(() => first.check.details().s3, { timeout: 60_000 })
      .toContain(`belongs to the installation ${second.id}`);
    // This shows that the collection of the second one was waiting for nothing else.
    await expect.poll(stored, { timeout: 60_000 }).toEqual([]);
  });
});
