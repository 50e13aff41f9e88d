import { create } from '@bufbuild/protobuf';
import {
  cancelVideo,
  createLog,
  pipelineSettings,
  UnavailableError,
  VideoState,
  WebhookState,
  WebhookTaskSchema,
} from '@cinematica/pipeline';
import { createMemoryPipeline, killedAtCall, queueWebhooks } from '@cinematica/pipeline/testing';
import type { MemoryPipeline } from '@cinematica/pipeline/testing';
import { Registry } from 'prom-client';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { createOutboundMetrics } from '../metrics.ts';
import { createTestClient, startTlsServer } from '../testing/tls-server.ts';
import type { TlsServer } from '../testing/tls-server.ts';
import { deliver } from './deliver.ts';
import type { DeliverParts } from './deliver.ts';
import { createHostLimit } from './host-limit.ts';
import { newWebhookSecret, parseWebhookSecrets } from './secrets.ts';

const video = { owner: 'key-ann', videoId: 'v1' };
const TASK = create(WebhookTaskSchema, { ...video, index: 0 });
const PAUSES = [5, 60];

let server: TlsServer;
let pipeline: MemoryPipeline;
let statuses: number[];
let retryAfter: string | null;
let received: { readonly id: string; readonly body: string }[];

beforeAll(async () => {
  server = await startTlsServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      received.push({ id: String(request.headers['webhook-id']), body: Buffer.concat(parts).toString() });
      response.writeHead(statuses.shift() ?? 200, retryAfter === null ? {} : { 'retry-after': retryAfter }).end();
    });
  });
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: 1_800_000_000_000 });
  await restart();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A video that has ended, with a webhook that is due. */
async function restart(): Promise<void> {
  statuses = [];
  retryAfter = null;
  received = [];
  pipeline = createMemoryPipeline();
  await pipeline.add('v1', { owner: 'key-ann', webhookUrls: [`https://server.test:${server.port}/hook`] });
  await pipeline.records.update(video, cancelVideo);
  pipeline.table.refresh();
  await queueWebhooks({ ...pipeline, settings: pipelineSettings() });
}

function attempt(ports: Partial<DeliverParts> = {}) {
  const { http, rules } = createTestClient([server]);
  const config = { ...rules, WEBHOOK_TIMEOUT_MS: 2_000, WEBHOOK_PAUSES_S: PAUSES };
  const parts: DeliverParts = {
    records: pipeline.records,
    queue: pipeline.webhooks,
    http,
    hosts: createHostLimit(1),
    secrets: parseWebhookSecrets(`* ${newWebhookSecret()}`),
    metrics: createOutboundMetrics(new Registry()),
    log: createLog('test', { level: 'error' }),
    config,
    ...ports,
  };
  return deliver(parts, TASK, AbortSignal.timeout(10_000));
}

const webhook = async () => (await pipeline.records.get(video))!.record.webhooks[0]!;

test('an event is delivered once, and the record shows it', async () => {
  expect(await attempt()).toEqual({ kind: 'ack' });
  expect(await attempt()).toEqual({ kind: 'ack' });
  expect(received).toHaveLength(1);
  expect(received[0]!.id).toBe('evt_v1');
  expect(JSON.parse(received[0]!.body)).toEqual({
    id: 'evt_v1',
    object: 'event',
    type: 'video.cancelled',
    timestamp: '2027-01-15T08:00:00.000Z',
    created_at: 1_800_000_000,
    data: {
      id: 'video_v1',
      object: 'video',
      name: 'videos/v1',
      status: 'cancelled',
      created_at: 1_800_000_000,
      completed_at: 1_800_000_000,
      external_id: null,
      labels: {},
      error: null,
    },
  });
  expect(await webhook()).toMatchObject({ state: WebhookState.DELIVERED, attempts: 1, lastStatus: 200 });
});

test('failures are repeated after growing pauses with the same event, and the last one gives up', async () => {
  statuses = [500, 404, 503];
  for (const [index, pause] of PAUSES.entries()) {
    const verdict = await attempt();
    expect(verdict.kind).toBe('nak');
    const { delay } = verdict as { readonly delay: number };
    expect(delay / 1_000 / pause).toBeGreaterThan(0.89);
    expect(delay / 1_000 / pause).toBeLessThan(1.11);
    expect(await webhook()).toMatchObject({ state: WebhookState.DUE, attempts: index + 1 });
    // A message that is delivered too early makes no attempt.
    expect(await attempt()).toEqual({ kind: 'nak', delay });
    vi.setSystemTime(Date.now() + delay);
  }
  expect(await attempt()).toEqual({ kind: 'ack' });
  expect(new Set(received.map(({ id, body }) => `${id} ${body}`)).size).toBe(1);
  expect(received).toHaveLength(3);
  const reason = 'the receiver answered with the status 503';
  expect(await webhook()).toMatchObject({
    state: WebhookState.FAILED,
    attempts: 3,
    lastStatus: 503,
    lastError: reason,
  });
  expect(pipeline.webhooks.deadLetters).toEqual([`v1/0 ${reason}`]);
});

test.each([
  ['120', 120_000],
  ['999999', 3_600_000],
])('a receiver that asks to wait %s s is not called earlier, but after an hour at the latest', async (asked, delay) => {
  statuses = [429];
  retryAfter = asked;
  expect(await attempt()).toEqual({ kind: 'nak', delay });
});

test('a host that is called too often at the same time is called later', async () => {
  const hosts = createHostLimit(1);
  const leave = hosts.tryBegin(`server.test:${server.port}`)!;
  expect(await attempt({ hosts })).toMatchObject({ kind: 'nak' });
  expect(received).toEqual([]);
  leave();
  expect(await attempt({ hosts })).toEqual({ kind: 'ack' });
  expect(received).toHaveLength(1);
});

test('410 ends the delivery without a dead letter', async () => {
  statuses = [500, 410];
  await attempt();
  vi.setSystemTime(Date.now() + 6_000);
  expect(await attempt()).toEqual({ kind: 'ack' });
  expect(await webhook()).toMatchObject({ state: WebhookState.GONE, attempts: 2, lastStatus: 410 });
  expect(pipeline.webhooks.deadLetters).toEqual([]);
});

test('a removed video has no deliveries any more', async () => {
  await pipeline.records.purge(video);
  expect(await attempt()).toEqual({ kind: 'ack' });
  expect(received).toEqual([]);
});

test('without the storage no verdict is reached', async () => {
  pipeline.records.unavailable = true;
  await expect(attempt()).rejects.toThrow(UnavailableError);
});

test.each([
  ['delivered', [200], WebhookState.DELIVERED],
  ['given up', [500, 500, 500, 500], WebhookState.FAILED],
])('a webhook is %s, wherever the process was killed', async (_, answers, state) => {
  for (let call = 1, end: unknown = 'killed'; end === 'killed'; call++) {
    await restart();
    statuses = [...answers];
    const { records, webhooks } = pipeline;
    if (state === WebhookState.FAILED) {
      for (const pause of PAUSES) {
        await attempt();
        vi.setSystemTime(Date.now() + 1_100 * pause);
      }
    }
    const before = received.length;
    const process = killedAtCall({ records, queue: webhooks }, call);
    end = await Promise.race([attempt(process.ports).then(() => 'done'), process.killed]);
    // The message is delivered again.
    expect(await attempt()).toEqual({ kind: 'ack' });
    expect(received.length - before).toBeGreaterThanOrEqual(1);
    expect(received.length - before).toBeLessThanOrEqual(2);
    expect(new Set(received.map(({ id }) => id))).toEqual(new Set(['evt_v1']));
    expect((await webhook()).state).toBe(state);
    expect(webhooks.deadLetters).toHaveLength(state === WebhookState.FAILED ? 1 : 0);
    expect((await records.get(video))!.record.state).toBe(VideoState.CANCELLED);
  }
});
