import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startTestNats } from '../../../../test/support/nats-server.ts';
import { PipelineStage } from '../domain/messages.ts';
import { workConsumer, workStream, workSubject } from './names.ts';
import { provision } from './provision.ts';
import { openTestSystem, TEST_MODEL, testSettings } from '../testing/system.ts';
import { purgeAcknowledged } from './purge-acknowledged.ts';

test('removes acknowledged messages that reappeared after a crash, and keeps the others', async () => {
  await using server = await startTestNats();
  await using system = await openTestSystem(server.url, 'test', testSettings({ ACK_WAIT_MS: 60_000 }));
  const { nats, settings } = system;
  await provision(nats, settings, [TEST_MODEL]);
  const client = jetstream(nats);
  const manager = await jetstreamManager(nats);
  const stream = workStream(PipelineStage.DENOISE);
  const publish = (video: number) =>
    client.publish(workSubject(PipelineStage.DENOISE, TEST_MODEL, `video${video}`, 0), 'x').then(
      () => 'published',
      () => 'rejected',
    );
  for (let i = 0; i < 200; i++) await publish(i);
  // The state of the disk before the acknowledgements, as after a crash that lost the last writes.
  const messages = join(server.folder, 'store/jetstream/$G/streams', stream, 'msgs');
  await server.kill();
  await cp(messages, join(server.folder, 'before'), { recursive: true });
  await server.start();
  const name = workConsumer(PipelineStage.DENOISE, TEST_MODEL);
  await expect
    .poll(
      () =>
        manager.consumers.info(stream, name).then(
          () => true,
          () => false,
        ),
      { timeout: 20_000 },
    )
    .toBe(true);
  const consumer = await client.consumers.get(stream, name);
  for (let i = 0; i < 150; i++) expect(await (await consumer.next({ expires: 1_000 }))!.ackAck()).toBe(true);
  await server.kill();
  await rm(messages, { recursive: true });
  await cp(join(server.folder, 'before'), messages, { recursive: true });
  await server.start();
  const state = async () => (await manager.streams.info(stream)).state.messages;
  await expect.poll(() => state().catch(() => 0), { timeout: 20_000 }).toBeGreaterThan(0);
  const { num_pending, num_ack_pending } = await manager.consumers.info(stream, name);
  const reappeared = (await state()) - num_pending - num_ack_pending;
  expect(reappeared).toBeGreaterThan(0);
  expect(await purgeAcknowledged(manager)).toBe(reappeared);
  // The first task can be published again. The last one was never acknowledged and is still in the queue.
  expect(await publish(0)).toBe('published');
  expect(await publish(199)).toBe('rejected');
});
