import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createMemoryPipeline } from '../../testing/memory/pipeline.ts';
import type { MemoryPipeline } from '../../testing/memory/pipeline.ts';
import { WebhookState } from '../messages.ts';
import { pipelineSettings } from '../settings.ts';
import { cancelVideo } from '../video/video-changes.ts';
import { recordWebhookAttempt } from '../webhooks/webhook-changes.ts';
import { queueWebhooks, requeueWebhooks } from './queue-webhooks.ts';

const settings = pipelineSettings();
const video = { owner: 'ann', videoId: 'v1' };
const URLS = ['https://a.test/', 'https://b.test/'];
let pipeline: MemoryPipeline;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: 1_800_000_000_000 });
  pipeline = createMemoryPipeline();
  await pipeline.add('v1', { webhookUrls: URLS });
  pipeline.table.refresh();
});
afterEach(() => {
  vi.useRealTimers();
});

async function cancel(): Promise<void> {
  await pipeline.records.update(video, cancelVideo);
  pipeline.table.refresh();
}

const webhooks = async () => (await pipeline.records.get(video))!.record.webhooks;

test('webhooks wait until the video has ended, and are then queued once', async () => {
  expect(await queueWebhooks({ ...pipeline, settings })).toBe(0);
  expect((await webhooks()).map(({ state }) => state)).toEqual([WebhookState.WAITING, WebhookState.WAITING]);
  await cancel();
  expect(await queueWebhooks({ ...pipeline, settings })).toBe(2);
  expect(await queueWebhooks({ ...pipeline, settings })).toBe(0);
  expect(pipeline.webhooks.published).toEqual(['v1/0', 'v1/1']);
  expect((await webhooks()).map(({ state }) => state)).toEqual([WebhookState.DUE, WebhookState.DUE]);
});

test('while outgoing connections are switched off, webhooks wait', async () => {
  await cancel();
  const off = pipelineSettings({ OUTBOUND: 'off' });
  expect(await queueWebhooks({ ...pipeline, settings: off })).toBe(0);
  expect(await queueWebhooks({ ...pipeline, settings })).toBe(2);
  vi.setSystemTime(Date.now() + 2 * settings.ACK_WAIT_MS);
  expect(await requeueWebhooks({ ...pipeline, settings: off })).toBe(0);
});

test('a webhook whose attempt is late is queued again, and no other', async () => {
  await cancel();
  await queueWebhooks({ ...pipeline, settings });
  const failed = { kind: 'failed', status: 500, reason: 'the receiver answered with the status 500' } as const;
  await pipeline.records.update(video, (record) => recordWebhookAttempt(record, 1, 1, failed, 3_600_000));
  pipeline.table.refresh();
  vi.setSystemTime(Date.now() + 2 * settings.ACK_WAIT_MS - 1);
  expect(await requeueWebhooks({ ...pipeline, settings })).toBe(0);
  vi.setSystemTime(Date.now() + 1);
  expect(await requeueWebhooks({ ...pipeline, settings })).toBe(1);
  expect(pipeline.webhooks.published).toEqual(['v1/0', 'v1/1', 'v1/0']);
  vi.setSystemTime(Date.now() + 3_600_000);
  expect(await requeueWebhooks({ ...pipeline, settings })).toBe(2);
});

test('an attempt is recorded once, and the last one gives the webhook up', async () => {
  await cancel();
  await queueWebhooks({ ...pipeline, settings });
  const failed = { kind: 'failed', status: 0, reason: 'the server refused the connection' } as const;
  const attempt = (number: number, pause: number | null) =>
    pipeline.records.update(video, (record) => recordWebhookAttempt(record, 0, number, failed, pause));
  expect((await attempt(1, 5_000)).changed).toBe(true);
  expect((await attempt(1, 5_000)).changed).toBe(false);
  expect((await webhooks())[0]).toMatchObject({ state: WebhookState.DUE, attempts: 1, lastError: failed.reason });
  expect((await attempt(2, null)).changed).toBe(true);
  expect((await webhooks())[0]).toMatchObject({ state: WebhookState.FAILED, attempts: 2 });
  expect((await webhooks())[0]?.nextAttemptTime).toBeUndefined();
  expect((await attempt(3, 5_000)).changed).toBe(false);
});
