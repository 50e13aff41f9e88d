import { jetstreamManager } from '@nats-io/jetstream';
import { expect, test } from 'vitest';
import { startTestNats } from '../../../../test/support/nats-server.ts';
import { TEST_MODEL, testSettings } from '../testing/system.ts';
import { connectNats } from './connect.ts';
import { openInstallation } from './installation.ts';
import { LEASES_BUCKET, RECORDS_STREAM } from './names.ts';
import { provision } from './provision.ts';

const settings = testSettings();

test('an installation keeps its id until its records are made anew', async () => {
  await using server = await startTestNats();
  await using cleanup = new AsyncDisposableStack();
  const nats = await connectNats('test', { NATS_URL: server.url });
  cleanup.defer(() => nats.close());
  const installation = openInstallation(nats, settings);
  await expect(installation.id()).rejects.toThrow('NATS did not tell the id');

  await provision(nats, settings, [TEST_MODEL]);
  const id = await installation.id();
  await provision(nats, settings, [TEST_MODEL]);
  expect(await installation.id()).toBe(id);
  await server.kill();
  await server.start();
  await expect.poll(() => installation.id().catch(() => ''), { timeout: 10_000 }).toBe(id);

  const manager = await jetstreamManager(nats);
  await manager.streams.purge(`KV_${LEASES_BUCKET}`);
  await expect(installation.id()).rejects.toThrow('run the provisioner');
  await provision(nats, settings, [TEST_MODEL]);
  const second = await installation.id();
  await manager.streams.delete(RECORDS_STREAM);
  await provision(nats, settings, [TEST_MODEL]);
  expect(new Set([id, second, await installation.id()]).size).toBe(3);
});

test('each NATS is another installation', async () => {
  const ids = await Promise.all(
    [1, 2].map(async () => {
      await using server = await startTestNats();
      const nats = await connectNats('test', { NATS_URL: server.url });
      await provision(nats, settings, [TEST_MODEL]);
      const id = await openInstallation(nats, settings).id();
      await nats.close();
      return id;
    }),
  );
  expect(ids[0]).not.toBe(ids[1]);
});
