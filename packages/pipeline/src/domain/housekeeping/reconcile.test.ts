import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { create } from '@bufbuild/protobuf';
import { ArtifactSchema, PipelineStage, TaskState } from '../messages.ts';
import { createMemoryPipeline } from '../../testing/memory/pipeline.ts';
import type { MemoryPipeline } from '../../testing/memory/pipeline.ts';
import { edit } from '../../testing/edit.ts';
import { changed } from '../ports/records.ts';
import { pipelineSettings } from '../settings.ts';
import { findTask } from '../video/routing.ts';
import { claimTask, commitTask, renewClaim } from '../video/task-changes.ts';
import type { Claim } from '../video/task-changes.ts';
import { cancelVideo } from '../video/video-changes.ts';
import { reconcile } from './reconcile.ts';

const ENCODE = { stage: PipelineStage.ENCODE, segment: 0 };
const DENOISE = { stage: PipelineStage.DENOISE, segment: 0 };
const settings = pipelineSettings({ RECONCILE_MS: 5_000, ACK_WAIT_MS: 30_000 });
const video = { owner: 'ann', videoId: 'v1' };
let pipeline: MemoryPipeline;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: 1_800_000_000_000 });
  pipeline = createMemoryPipeline();
  await pipeline.add('v1');
  await pipeline.admit(video);
  pipeline.table.refresh();
});
afterEach(() => {
  vi.useRealTimers();
});

const pass = (milliseconds: number) => vi.setSystemTime(Date.now() + milliseconds);
const run = () => reconcile({ ...pipeline, settings });
/** The published tasks without their suffixes for deduplication. */
const published = () => pipeline.tasks.published.map((task) => task.split(' ').slice(0, 2).join(' '));

async function claim(worker: string): Promise<Claim> {
  const { result } = await pipeline.records.update(video, (record) =>
    changed(claimTask(record, ENCODE, { worker, lease: settings.ACK_WAIT_MS, maxFailures: 3, countSilence: true })),
  );
  if (result.kind !== 'claimed') throw new Error(`the task is ${result.kind}`);
  return result.claim;
}

test('a task that no worker has taken for RECONCILE_MS is published again', async () => {
  pass(settings.RECONCILE_MS);
  expect(await run()).toBe(0);
  pass(1);
  expect(await run()).toBe(1);
  expect(published()).toEqual(['v1 encode/0']);
});

test('a running task is published again ACK_WAIT_MS after its lease has expired, when its message is lost', async () => {
  await claim('worker');
  pipeline.table.refresh();
  pass(2 * settings.ACK_WAIT_MS);
  expect(await run()).toBe(0);
  pass(1);
  expect(await run()).toBe(1);
  expect(published()).toEqual(['v1 encode/0']);
});

test('a lease that was renewed since the table was updated counts', async () => {
  const held = await claim('worker');
  pipeline.table.refresh();
  pass(2 * settings.ACK_WAIT_MS + 1);
  await pipeline.records.update(video, (record) => {
    renewClaim(record, held, settings.ACK_WAIT_MS);
    return changed();
  });
  expect(await run()).toBe(0);
  expect(pipeline.tasks.published).toEqual([]);
});

test('a task that was done since the table was updated is not published again', async () => {
  pass(settings.RECONCILE_MS + 1);
  const held = await claim('worker');
  const outputs = [create(ArtifactSchema, { name: 'conditioning' })];
  await pipeline.records.update(video, (record) =>
    changed(commitTask(record, held, { outputs, notices: [], fingerprint: '' })),
  );
  expect(await run()).toBe(0);
  expect(pipeline.tasks.published).toEqual([]);
});

test('a waiting task whose inputs exist becomes ready and is published', async () => {
  await pipeline.records.update(
    video,
    edit((record) => {
      findTask(record, ENCODE)!.state = TaskState.DONE;
      findTask(record, DENOISE)!.state = TaskState.WAITING;
    }),
  );
  pipeline.table.refresh();
  pass(settings.RECONCILE_MS + 1);
  expect(await run()).toBe(1);
  const { record } = (await pipeline.records.get(video))!;
  expect(findTask(record, DENOISE)!.state).toBe(TaskState.READY);
  expect(published()).toEqual(['v1 denoise/0']);
});

test('a repetition in the same period has the same message id, and one in a later period has another', async () => {
  pass(settings.RECONCILE_MS + 1);
  await run();
  pass(1_000);
  await run();
  pass(2 * settings.ACK_WAIT_MS);
  await run();
  const [first, second, third] = pipeline.tasks.published;
  expect(second).toBe(first);
  expect(third).not.toBe(first);
});

test('videos that wait, have ended or were removed are left alone, and the others are still served', async () => {
  await pipeline.records.purge(video);
  await pipeline.add('waiting');
  for (const videoId of ['ended', 'stalled']) {
    await pipeline.add(videoId);
    await pipeline.admit({ owner: 'ann', videoId });
  }
  await pipeline.records.update({ owner: 'ann', videoId: 'ended' }, cancelVideo);
  for (const stored of pipeline.records.all()) pipeline.table.apply(stored);
  pass(settings.RECONCILE_MS + 1);
  expect(await run()).toBe(1);
  expect(published()).toEqual(['stalled encode/0']);
});
