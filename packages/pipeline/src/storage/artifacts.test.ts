import { expect, test } from 'vitest';
import { startTestNats } from '../../../../test/support/nats-server.ts';
import { S3_SERVER, startTestS3 } from '../../../../test/support/s3-server.ts';
import { ArtifactStore, Lifetime } from '../domain/messages.ts';
import { s3SettingsSchema } from '../domain/s3-settings.ts';
import { provision } from '../nats/provision.ts';
import { openTestSystem, TEST_MODEL, testSettings } from '../testing/system.ts';
import { usesS3 } from './storage-check.ts';

const { LATENTS, MEDIA } = Lifetime;
const inS3 = testSettings(s3SettingsSchema.parse({ S3_BUCKET: 'videos' }));

test('only the services that use photos or media need S3', () => {
  const services = ['gateway', 'encoder', 'denoiser', 'decoder', 'muxer', 'outbound'];
  expect(services.filter((service) => usesS3(service, inS3))).toEqual(['gateway', 'encoder', 'muxer']);
  expect(services.filter((service) => usesS3(service, testSettings()))).toEqual([]);
  const frames = { ...inS3, S3_ARTIFACTS: ['frames'] };
  expect(services.filter((service) => usesS3(service, frames))).toEqual(['gateway', 'decoder', 'muxer']);
});

test('what is in NATS is removed while S3 is away', async () => {
  await using nats = await startTestNats();
  const settings = testSettings(
    s3SettingsSchema.parse({ S3_BUCKET: 'videos', S3_ENDPOINT: 'http://127.0.0.1:1', S3_TRIES: '1' }),
  );
  await using system = await openTestSystem(nats.url, 'test', settings);
  await provision(system.nats, settings, [TEST_MODEL]);
  const { name } = await system.artifacts.put(LATENTS, 'v/0/denoise/1/latents', 'latents', Buffer.from('in NATS'));
  await system.artifacts.remove(LATENTS, name);
  expect(await system.artifacts.list(LATENTS)).toEqual([]);
  await expect(system.artifacts.remove(MEDIA, `v/0/mux/1/mp4~${'0'.repeat(16)}`)).rejects.toThrow('S3');
});

test.skipIf(S3_SERVER === null)(
  'artifacts stay readable and removable when S3 is set up, and when it is left',
  async () => {
    await using nats = await startTestNats();
    await using s3 = await startTestS3();
    const before = testSettings();
    const after = testSettings(s3SettingsSchema.parse(s3.environment()));
    const left = testSettings(s3SettingsSchema.parse({ ...s3.environment(), S3_ARTIFACTS: 'none' }));
    await using first = await openTestSystem(nats.url, 'test', before);
    await provision(first.nats, before, [TEST_MODEL]);
    await using second = await openTestSystem(nats.url, 'test', after);
    await using third = await openTestSystem(nats.url, 'test', left);
    const old = await first.artifacts.put(MEDIA, 'old/0/mux/1/mp4', 'mp4', Buffer.from('in NATS'));
    const media = await second.artifacts.put(MEDIA, 'new/0/mux/1/mp4', 'mp4', Buffer.from('in S3'));
    const latents = await second.artifacts.put(LATENTS, 'new/0/denoise/1/latents', 'latents', Buffer.from('in NATS'));
    expect([old, media, latents].map(({ store }) => store)).toEqual([
      ArtifactStore.UNSPECIFIED,
      ArtifactStore.S3,
      ArtifactStore.UNSPECIFIED,
    ]);
    for (const system of [second, third]) {
      expect(Buffer.from(await system.artifacts.get(old)).toString()).toBe('in NATS');
      expect(Buffer.from(await system.artifacts.get(media)).toString()).toBe('in S3');
      expect(await system.artifacts.list(MEDIA, 'new')).toEqual([media.name]);
    }
    expect((await second.artifacts.list(MEDIA)).sort()).toEqual([media.name, old.name]);
    await expect(first.artifacts.get(media)).rejects.toThrow('is in S3, but S3_BUCKET is not set');
    for (const { name } of [old, media]) await third.artifacts.remove(MEDIA, name);
    expect(await second.artifacts.list(MEDIA)).toEqual([]);
  },
);
