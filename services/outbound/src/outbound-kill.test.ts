import { create } from '@bufbuild/protobuf';
import {
  cancelVideo,
  createWebhookQueue,
  provision,
  WEBHOOK_STREAM,
  WebhookRecordSchema,
  WebhookState,
} from '@cinematica/pipeline';
import type { StoredRecord } from '@cinematica/pipeline';
import { openTestSystem, startFleet, TEST_MODEL, testSettings } from '@cinematica/pipeline/testing';
import { jetstreamManager } from '@nats-io/jetstream';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { startTestNats } from '../../../test/support/nats-server.ts';
import { seededRandom } from '../../../test/support/seeded-random.ts';
import { startOutbound, startReceiver } from './testing/outbound-process.ts';
import { newWebhookSecret } from './webhooks/secrets.ts';

const VIDEOS = 15;
/** What is killed, one after the other. */
const VICTIMS = ['outbound', 'housekeeper', 'outbound', 'nats', 'housekeeper', 'outbound', 'nats', 'outbound'] as const;

test('every video that ends has an event, while the housekeeper, the outbound service and NATS are killed', async () => {
  await using server = await startTestNats();
  const settings = testSettings({ ACK_WAIT_MS: 1_000, OUTBOUND_UNSAFE_ALLOW_HTTP_AND_PRIVATE_ADDRESSES: true });
  await using system = await openTestSystem(server.url, 'test', settings);
  await provision(system.nats, settings, [TEST_MODEL]);
  const random = seededRandom(7);
  await using receiver = await startReceiver((_, response) => {
    // Slow enough to be killed in between.
    setTimeout(() => {
      response.writeHead(random() < 0.3 ? 500 : 204).end();
    }, 100 * random());
  });
  await using fleet = startFleet(['housekeeper'], { url: server.url, settings, stepMilliseconds: 0, stepsFile: '' });
  await using outbound = await startOutbound(`* ${newWebhookSecret()}`, {
    NATS_URL: server.url,
    GRPC_PORT: '0',
    WEBHOOK_PAUSES_S: Array(20).fill('0.1').join(','),
    ACK_WAIT_MS: String(settings.ACK_WAIT_MS),
    REQUEST_TIMEOUT_MS: '2000',
    RETRY_DELAY_MS: '100',
    OUTBOUND_UNSAFE_ALLOW_HTTP_AND_PRIVATE_ADDRESSES: 'true',
  });

  const videos: StoredRecord[] = [];
  for (let index = 0; index < VIDEOS; index++) videos.push(await system.add(`photo ${index}`));
  const webhook = { url: `${receiver.url}/hook`, state: WebhookState.WAITING };
  const chaos = (async () => {
    for (const victim of VICTIMS) {
      await delay(500 * random());
      if (victim === 'outbound') outbound.kill();
      else if (victim === 'housekeeper') fleet.kill('housekeeper');
      else await server.kill().then(() => server.start());
    }
  })();
  // Nothing but the record is written, as by a worker that is killed right after its commit.
  for (const { record } of videos) {
    await system.records.update(record, (now) => {
      now.webhooks = [create(WebhookRecordSchema, webhook)];
      return cancelVideo(now);
    });
    await delay(200 * random());
  }
  await chaos;
  await Promise.all(
    videos.map(({ record }) =>
      system.until(record, (now) => now.record.webhooks[0]?.state === WebhookState.DELIVERED, 30_000),
    ),
  );

  const expected = new Set(videos.map(({ record }) => `evt_${record.videoId}`));
  expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id']))).toEqual(expected);
  expect(new Set(receiver.received.map(({ body }) => body)).size).toBe(VIDEOS);
  const manager = await jetstreamManager(system.nats);
  await expect.poll(async () => (await manager.streams.info(WEBHOOK_STREAM)).state.messages).toBe(0);
});

test('a webhook that is queued twice is in the queue once', async () => {
  await using server = await startTestNats();
  const settings = testSettings();
  await using system = await openTestSystem(server.url, 'test', settings);
  await provision(system.nats, settings, [TEST_MODEL]);
  const { record } = await system.add('photo');
  const queue = createWebhookQueue(system.nats, settings, system.log);
  for (const suffix of ['', 'again', 'once more']) await queue.publish(record, [0, 1], suffix);
  const manager = await jetstreamManager(system.nats);
  expect((await manager.streams.info(WEBHOOK_STREAM)).state.messages).toBe(2);
});
