import { create } from '@bufbuild/protobuf';
import { jetstreamManager } from '@nats-io/jetstream';
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { v7 } from 'uuid';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestNats } from '../../../../test/support/nats-server.ts';
import type { TestNats } from '../../../../test/support/nats-server.ts';
import { runHousekeeper } from '../process/housekeeping/housekeeper.ts';
import { createQueueView } from '../domain/admission/queue-view.ts';
import type { QueueView } from '../domain/admission/queue-view.ts';
import { Lifetime, PipelineStage, PlanSchema, VideoState } from '../domain/messages.ts';
import { bucketStream, RECORDS_STREAM } from '../nats/names.ts';
import { LIFETIMES } from '../domain/stages.ts';
import { provision } from '../nats/provision.ts';
import { openAdmissionPorts } from '../nats/admission-ports.ts';
import type { AdmissionPorts } from '../nats/admission-ports.ts';
import { createHousekeepingPorts } from '../nats/housekeeping-ports.ts';
import { RequestConflictError } from '../domain/ports/requests.ts';
import { createQuotas } from '../domain/admission/quotas.ts';
import type { Quotas } from '../domain/admission/quotas.ts';
import { UnknownVideoError } from '../domain/ports/records.ts';
import { cancelVideo, deleteVideo, undeleteVideo } from '../domain/video/video-changes.ts';
import { findTask, isTerminal } from '../domain/video/routing.ts';
import { edit } from './edit.ts';
import { sumStages } from './sum-stages.ts';
import { openTestSystem, TEST_MODEL, testSettings } from './system.ts';
import type { TestSystem } from './system.ts';
import { SlowReaderError } from '../domain/watch/bounded-queue.ts';
import { openPreviews } from '../nats/previews.ts';
import type { Previews } from '../domain/ports/previews.ts';
import { openVideoTable } from '../nats/video-table.ts';
import type { VideoTable } from '../domain/ports/video-table.ts';
import { watchVideo } from '../domain/watch/watch-video.ts';
import type { WatchEvent } from '../domain/watch/watch-video.ts';
import { createComputeSlot } from '../process/worker/compute-slot.ts';
import { startWorker } from '../process/worker/worker.ts';
import type { Worker } from '../process/worker/worker.ts';
import { createVideo } from '../domain/admission/create-video.ts';
import { pipelineSettings } from '../domain/settings.ts';
import { createEstimator } from '../domain/estimate/estimator.ts';
import { OverLimitError } from '../domain/admission/over-limit-error.ts';

let server: TestNats;
let system: TestSystem;
let table: VideoTable;
let queue: QueueView;
let previews: Previews;
let ports: AdmissionPorts;
let quotas: Quotas;
let workers: Worker[] = [];
const ended = new AbortController();
let stopHousekeepers: () => Promise<void>;

/** A model that no worker serves. */
const UNSERVED = { name: 'unserved', digest: '11111111' };
const plan = (model = TEST_MODEL) =>
  create(PlanSchema, {
    model: model.name,
    modelDigest: model.digest,
    segments: 1,
    segmentFrames: 4,
    decodeChunks: [2, 2],
    frames: 4,
    width: 64,
    height: 64,
    steps: 4,
    checkpointSteps: 2,
  });
const send = (owner: string, requestId: string = randomUUID(), body = requestId, model = TEST_MODEL) =>
  createVideo(
    { ...system, ...ports, table },
    {
      owner,
      admission: {
        check: () => quotas.check(owner),
        take: (videoIds) => quotas.take(owner, videoIds),
        giveBack: (videoId) => quotas.giveBack(owner, videoId),
      },
      requestId,
      body: Buffer.from(body),
      prepare: () => Promise.resolve({ plan: plan(model), photo: Buffer.from(body) }),
    },
  );
const watch = async (ref: { owner: string; videoId: string }, after = 0, signal = new AbortController().signal) => {
  const events: WatchEvent[] = [];
  const parts = { table, records: system.records, previews, queue, settings: system.settings };
  for await (const event of watchVideo(parts, ref, after, signal)) events.push(event);
  return events;
};
const recordEvents = (events: WatchEvent[]) => events.filter((event) => event.kind === 'record');

/** Two gateways, of which one leads. @returns what stops them. */
function startHousekeepers(): () => Promise<void> {
  const stopped = new AbortController();
  const running = ['one', 'two'].map((holder) => {
    const options = {
      ...system,
      ...createHousekeepingPorts(system.nats, system.settings, system.log),
      ...ports,
      table,
    };
    return runHousekeeper(options, holder, stopped.signal);
  });
  return async () => {
    stopped.abort();
    await Promise.all(running);
  };
}

beforeAll(async () => {
  server = await startTestNats();
  system = await openTestSystem(server.url, 'test', testSettings({ MAX_ACTIVE_PER_OWNER: 30, ORPHAN_AGE_MS: 500 }));
  await provision(system.nats, system.settings, [TEST_MODEL, UNSERVED]);
  table = await openVideoTable(system.nats, system.settings, system.log);
  queue = createQueueView(table);
  previews = await openPreviews(system.nats, system.settings);
  ports = await openAdmissionPorts(system.nats, system.settings);
  quotas = createQuotas(ports.quotaStore, (videoId) => table.videos.get(videoId), system.settings);
  stopHousekeepers = startHousekeepers();
  workers = sumStages({ stepMilliseconds: 20 }).map((handler) =>
    startWorker({ ...system, handler, model: TEST_MODEL, slot: createComputeSlot() }),
  );
});
afterAll(async () => {
  ended.abort();
  await Promise.all([stopHousekeepers(), ...workers.map((worker) => worker.drain())]);
  previews.close();
  queue.close();
  await table[Symbol.asyncDispose]();
  await system[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

test('a request sent a hundred times creates one video, and another body with its id is rejected', async () => {
  const requestId = randomUUID();
  const all = await Promise.all(Array.from({ length: 100 }, () => send('twice', requestId)));
  expect(new Set(all.map(({ record }) => record.videoId)).size).toBe(1);
  expect(await system.records.list('twice')).toHaveLength(1);
  await expect(send('twice', requestId, 'another')).rejects.toThrow(RequestConflictError);
  await system.until(all[0]!.record, ({ record }) => isTerminal(record));
});

test('concurrent requests of one owner do not exceed its quota', async () => {
  const results = await Promise.allSettled(Array.from({ length: 60 }, () => send('greedy')));
  const refused = results.filter((result) => result.status === 'rejected');
  expect(refused.map(({ reason }) => reason as unknown)).toSatisfy((reasons: unknown[]) =>
    reasons.every((reason) => reason instanceof OverLimitError),
  );
  // Some videos may end before the last request arrives, and make room.
  const open = (await system.records.list('greedy')).length;
  expect(open).toBe(60 - refused.length);
  expect(open).toBeGreaterThanOrEqual(30);
  expect(open).toBeLessThan(40);
  for (const videoId of await system.records.list('greedy')) {
    await system.records.update({ owner: 'greedy', videoId }, cancelVideo);
  }
});

test('videos are admitted in round-robin order of their owners, and the announced positions are correct', async () => {
  // Nothing is admitted before every video has its place: the announced order is of one moment.
  await stopHousekeepers();
  const flood = [];
  for (let i = 0; i < 14; i++) flood.push((await send('flood')).record);
  const others = [(await send('anna')).record, (await send('zoe')).record];
  await expect.poll(() => others.every(({ videoId }) => table.videos.has(videoId))).toBe(true);
  const promised = new Map([...flood, ...others].map(({ videoId }) => [videoId, queue.position(videoId)]));
  // Each of the other owners waits for one turn of every owner, not for the flood.
  for (const { videoId } of others) expect(promised.get(videoId) ?? -1).toBeLessThanOrEqual(3);
  stopHousekeepers = startHousekeepers();
  const started = await Promise.all(
    [...flood, ...others].map((video) => system.until(video, ({ record }) => isTerminal(record), 40_000)),
  );
  const waited = started
    .filter(({ record }) => promised.get(record.videoId) !== null)
    .sort(
      (a, b) =>
        Number(a.record.startTime!.seconds - b.record.startTime!.seconds) ||
        a.record.startTime!.nanos - b.record.startTime!.nanos,
    );
  const order = waited.map(({ record }) => promised.get(record.videoId)!);
  expect(order).toEqual([...order].sort((a, b) => a - b));
  const ends = (records: typeof started) =>
    records.map(({ record }) => Number(record.endTime!.seconds) * 1e9 + record.endTime!.nanos).sort((a, b) => a - b);
  const floodEnds = ends(started.filter(({ record }) => record.owner === 'flood'));
  const sent = Number(others[0]!.createTime!.seconds) * 1e9 + others[0]!.createTime!.nanos;
  const fifth = floodEnds.filter((time) => time > sent)[4]!;
  expect(ends(started.filter(({ record }) => record.owner === 'anna'))[0]).toBeLessThan(fifth);
});

test('a model without workers delays only its own videos', async () => {
  const stuck = [];
  for (let i = 0; i < 3; i++) stuck.push((await send('patient', randomUUID(), 'photo', UNSERVED)).record);
  await system.until(stuck[0]!, ({ record }) => record.state === VideoState.RUNNING);
  for (let i = 0; i < 3; i++) await system.until((await send('patient')).record, ({ record }) => isTerminal(record));
  expect((await system.records.get(stuck[1]!))!.record.state).toBe(VideoState.QUEUED);
  for (const video of stuck) await system.records.update(video, cancelVideo);
});

test('a watcher that reconnects receives the same numbered events as one that stays', async () => {
  const { record } = await send('watched');
  const whole = watch(record);
  const brief = new AbortController();
  const first: WatchEvent[] = [];
  const parts = { table, records: system.records, previews, queue, settings: system.settings };
  for await (const event of watchVideo(parts, record, 0, brief.signal)) {
    first.push(event);
    if (recordEvents(first).length === 4) break;
  }
  const rest = await watch(record, recordEvents(first).at(-1)!.sequence);
  const story = recordEvents(await whole);
  expect([...recordEvents(first), ...recordEvents(rest)].map(({ sequence }) => sequence)).toEqual(
    story.map(({ sequence }) => sequence),
  );
  expect(story.some(({ snapshot }) => snapshot)).toBe(false);
  expect(story.at(-1)!.record.state).toBe(VideoState.DONE);
  expect((await whole).some(({ kind }) => kind === 'preview')).toBe(true);
  // A watcher that connects after the end receives the last event.
  expect(recordEvents(await watch(record, story.at(-1)!.sequence))).toHaveLength(1);
  await expect(watch({ owner: 'stranger', videoId: record.videoId })).rejects.toThrow(UnknownVideoError);
});

test('a watcher receives a snapshot when older revisions are gone, and a slow watcher is dropped', async () => {
  const { record } = await system.add('trimmed', {}, 'paused');
  for (let i = 0; i < 5; i++)
    await system.records.update(
      record,
      edit((now) => void (now.plan!.seed = i)),
    );
  const manager = await jetstreamManager(system.nats);
  await manager.streams.purge(RECORDS_STREAM, { filter: `$KV.videos.v.paused.${record.videoId}`, keep: 2 });
  await system.records.update(record, cancelVideo);
  const consumers = async () => (await manager.streams.info(RECORDS_STREAM)).state.consumer_count;
  const before = await consumers();
  const story = recordEvents(await watch(record, 1));
  // Reading the history leaves no consumer on the server.
  expect(await consumers()).toBe(before);
  expect(story[0]!.snapshot).toBe(true);
  expect(story.slice(1).some(({ snapshot }) => snapshot)).toBe(false);
  expect(story.at(-1)!.record.state).toBe(VideoState.CANCELLED);

  const slow = (await system.add('slow', { steps: 0 }, 'slow')).record;
  const settings = { WATCHER_BUFFER: 3 };
  const reader = watchVideo({ table, records: system.records, previews, queue, settings }, slow, 0, ended.signal);
  await reader.next();
  for (let i = 0; i < 8; i++)
    table.apply(
      (
        await system.records.update(
          slow,
          edit((now) => void (now.plan!.seed = i)),
        )
      ).stored,
    );
  await expect(async () => {
    for (;;) if ((await reader.next()).done) return;
  }).rejects.toThrow(SlowReaderError);
  await system.records.update(slow, cancelVideo);
});

test('a deleted video can be restored within the undo window, and is removed completely afterwards', async () => {
  const { record } = await send('deleter', 'request-1');
  await system.until(record, (stored) => isTerminal(stored.record));
  await system.records.update(record, (now) => deleteVideo(now, 60_000));
  await system.records.update(record, undeleteVideo);
  await delay(300);
  expect((await system.records.get(record))!.record.purgeTime).toBeUndefined();

  await system.records.update(record, (now) => deleteVideo(now, system.settings.UNDO_MS));
  await expect.poll(() => system.records.get(record)).toBeNull();
  for (const lifetime of LIFETIMES) {
    expect((await system.artifacts.list(lifetime)).filter((name) => name.startsWith(record.videoId))).toEqual([]);
  }
  await expect.poll(() => table.videos.has(record.videoId)).toBe(false);
  await expect(send('deleter', 'request-1')).rejects.toThrow(UnknownVideoError);
  await expect(system.records.update(record, cancelVideo)).rejects.toThrow(UnknownVideoError);
});

test('garbage is collected: outputs of lost attempts, artifacts of no video, remains of failed writes', async () => {
  const { artifacts, nats } = system;
  const done = (await send('tidy')).record;
  await system.until(done, ({ record }) => isTerminal(record));
  await artifacts.put(Lifetime.MEDIA, `${done.videoId}/0/mux/0/mp4`, 'mp4', Buffer.from('of an attempt that lost'));
  await artifacts.put(Lifetime.PHOTO, `${v7()}/photo`, 'photo', Buffer.from('of no video'));
  nats.publish('$O.latents.C.brokenWrite', Buffer.alloc(1000));
  const manager = await jetstreamManager(nats);
  const kept = await artifacts.get(done.photo!);
  await expect
    .poll(async () => {
      const media = (await artifacts.list(Lifetime.MEDIA)).filter((name) => name.startsWith(done.videoId));
      const photos = (await artifacts.list(Lifetime.PHOTO)).filter((name) => !table.videos.has(name.split('/')[0]!));
      const { state } = await manager.streams.info(bucketStream(Lifetime.LATENTS));
      return { media: media.length, photos: photos.length, latents: state.messages };
    })
    .toEqual({ media: 1, photos: 0, latents: 0 });
  expect(Buffer.from(await artifacts.get(done.photo!))).toEqual(Buffer.from(kept));
  expect(
    findTask((await system.records.get(done))!.record, { stage: PipelineStage.MUX, segment: 0 })!.outputs,
  ).toHaveLength(1);
});

test('an estimate is missing until a similar video was made, and is roughly right afterwards', async () => {
  const estimatorOf = (videos: typeof table) =>
    createEstimator({
      table: videos,
      waiting: () => queue.order(),
      workOf: () => null,
      slowness: () => null,
      shared: false,
      settings: pipelineSettings(),
    });
  const untrained = estimatorOf({ ...table, videos: new Map(), subscribe: () => () => undefined });
  const { record } = await send('estimate');
  expect(untrained.estimate(record)).toBeNull();
  const estimator = estimatorOf(table);
  // The table follows the records with a delay.
  await expect.poll(() => table.videos.has(record.videoId)).toBe(true);
  const { seconds: estimate, measured } = estimator.estimate(record)!;
  expect(measured).toBe(true);
  const done = await system.until(record, (stored) => isTerminal(stored.record));
  const { startTime, endTime } = done.record;
  const took = Number(endTime!.seconds - startTime!.seconds) + (endTime!.nanos - startTime!.nanos) / 1e9;
  expect(estimate).toBeGreaterThan(took / 4);
  expect(estimate).toBeLessThan(took * 4);
  estimator.close();
});
