import { beforeEach, expect, test } from 'vitest';
import { PipelineStage, TaskState, VideoState } from '../messages.ts';
import { createMemoryPipeline } from '../../testing/memory/pipeline.ts';
import type { MemoryPipeline } from '../../testing/memory/pipeline.ts';
import { pipelineSettings } from '../settings.ts';
import type { PipelineSettings } from '../settings.ts';
import { findTask } from '../video/routing.ts';
import { cancelVideo, deleteVideo } from '../video/video-changes.ts';
import { dispatch } from './dispatch.ts';

let pipeline: MemoryPipeline;
beforeEach(() => {
  pipeline = createMemoryPipeline();
});

const run = (changes: Partial<PipelineSettings> = {}, ports: Partial<MemoryPipeline> = {}) => {
  const { table, records, tasks } = { ...pipeline, ...ports };
  return dispatch({ table, records, tasks, turns: table.turns, settings: pipelineSettings(changes) });
};
const stateOf = async (videoId: string, owner = 'ann') =>
  (await pipeline.records.get({ owner, videoId }))?.record.state;

test('a waiting video starts to run, and its first task is published', async () => {
  await pipeline.add('v1');
  pipeline.table.refresh();
  expect(await run()).toBe(1);
  const { record } = (await pipeline.records.get({ owner: 'ann', videoId: 'v1' }))!;
  expect(record.state).toBe(VideoState.RUNNING);
  expect(findTask(record, { stage: PipelineStage.ENCODE, segment: 0 })!.state).toBe(TaskState.READY);
  expect(pipeline.tasks.published).toEqual(['v1 encode/0']);
});

test('the owners take turns, also across runs', async () => {
  for (const [videoId, owner] of [
    ['a1', 'ann'],
    ['a2', 'ann'],
    ['a3', 'ann'],
    ['b1', 'bob'],
    ['b2', 'bob'],
  ] as const) {
    await pipeline.add(videoId, { owner });
  }
  pipeline.table.refresh();
  for (let running = 1; running <= 5; running++) {
    expect(await run({ ADMIT_WAITING: 100, ADMIT_RUNNING: running })).toBe(1);
  }
  expect(pipeline.tasks.published).toEqual(['a1 encode/0', 'b1 encode/0', 'a2 encode/0', 'b2 encode/0', 'a3 encode/0']);
});

test('no more than ADMIT_RUNNING videos run, counting those that the watch has not delivered yet', async () => {
  for (const videoId of ['v1', 'v2', 'v3']) await pipeline.add(videoId);
  pipeline.table.refresh();
  const limits = { ADMIT_WAITING: 100, ADMIT_RUNNING: 2 };
  expect(await run(limits)).toBe(2);
  expect(await run(limits)).toBe(0);
  await pipeline.records.update({ owner: 'ann', videoId: 'v1' }, cancelVideo);
  pipeline.table.refresh();
  expect(await run(limits)).toBe(1);
});

test('a model whose tasks wait for workers delays only its own videos', async () => {
  // Videos of the same millisecond are in the order of their ids.
  for (const videoId of ['a-stuck', 'b-stuck']) await pipeline.add(videoId, { plan: { model: 'unserved' } });
  await pipeline.add('c-free');
  pipeline.table.refresh();
  expect(await run({ ADMIT_WAITING: 1 })).toBe(2);
  expect(await run({ ADMIT_WAITING: 1 })).toBe(0);
  expect(pipeline.tasks.published).toEqual(['a-stuck encode/0', 'c-free encode/0']);
  expect(await stateOf('b-stuck')).toBe(VideoState.QUEUED);
});

test('a video that was cancelled, deleted or removed since the table was updated is not started', async () => {
  for (const videoId of ['cancelled', 'deleted', 'removed', 'waiting']) await pipeline.add(videoId);
  pipeline.table.refresh();
  await pipeline.records.update({ owner: 'ann', videoId: 'cancelled' }, cancelVideo);
  await pipeline.records.update({ owner: 'ann', videoId: 'deleted' }, (record) => deleteVideo(record, 60_000));
  await pipeline.records.purge({ owner: 'ann', videoId: 'removed' });
  expect(await run({ ADMIT_WAITING: 1, ADMIT_RUNNING: 1 })).toBe(1);
  expect(pipeline.tasks.published).toEqual(['waiting encode/0']);
  expect(await stateOf('cancelled')).toBe(VideoState.CANCELLED);
  expect(await stateOf('deleted')).toBe(VideoState.QUEUED);
});

test('the turn is saved before the video is admitted, so that a crash in between costs an owner one turn', async () => {
  await pipeline.add('a1', { owner: 'ann' });
  await pipeline.add('a2', { owner: 'ann' });
  await pipeline.add('b1', { owner: 'bob' });
  pipeline.table.refresh();
  const crashing = { ...pipeline.records, update: () => Promise.reject(new Error('killed')) };
  await expect(run({ ADMIT_WAITING: 100 }, { records: crashing })).rejects.toThrow('killed');
  expect(await stateOf('a1')).toBe(VideoState.QUEUED);
  expect(await run({ ADMIT_WAITING: 100, ADMIT_RUNNING: 2 })).toBe(2);
  expect(pipeline.tasks.published).toEqual(['b1 encode/0', 'a1 encode/0']);
});
