import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { PipelineStage } from '../../domain/messages.ts';
import type { TaskRecord } from '../../domain/messages.ts';
import { changed } from '../../domain/ports/records.ts';
import type { Records } from '../../domain/ports/records.ts';
import { toMilliseconds } from '../../domain/timestamps.ts';
import { findTask } from '../../domain/video/routing.ts';
import { claimTask, ClaimLostError, saveCheckpoint } from '../../domain/video/task-changes.ts';
import type { Claim } from '../../domain/video/task-changes.ts';
import { cancelVideo } from '../../domain/video/video-changes.ts';
import { createLog } from '../../telemetry/log.ts';
import { createMemoryPipeline } from '../../testing/memory/pipeline.ts';
import type { MemoryPipeline } from '../../testing/memory/pipeline.ts';
import { StalledError } from './stage-errors.ts';
import { createTaskLease } from './task-lease.ts';
import type { TaskLease } from './task-lease.ts';

const ENCODE = { stage: PipelineStage.ENCODE, segment: 0 };
const DURATION = 3_000;
const PROGRESS_DEADLINE = 20_000;
const video = { owner: 'ann', videoId: 'v1' };

let pipeline: MemoryPipeline;
let claim: Claim;
let heartbeats: number;
let log: string[];
let lease: TaskLease;

beforeEach(async () => {
  vi.useFakeTimers();
  pipeline = createMemoryPipeline();
  heartbeats = 0;
  log = [];
  await pipeline.add('v1');
  await pipeline.admit(video);
});
afterEach(async () => {
  await lease.end();
  vi.useRealTimers();
});

const pass = (milliseconds: number) => vi.advanceTimersByTimeAsync(milliseconds);

async function claimAs(worker: string): Promise<Claim> {
  const { result } = await pipeline.records.update(video, (record) =>
    changed(claimTask(record, ENCODE, { worker, lease: DURATION, maxFailures: 3, countSilence: true })),
  );
  if (result.kind !== 'claimed') throw new Error(`the task is ${result.kind}`);
  return result.claim;
}

async function start(records: Records = pipeline.records): Promise<void> {
  claim = await claimAs('worker');
  lease = createTaskLease({
    records,
    claimed: (await pipeline.records.get(video))!,
    claim,
    duration: DURATION,
    progressDeadline: PROGRESS_DEADLINE,
    heartbeat: () => heartbeats++,
    log: createLog('test', { write: (line) => log.push(line) }),
  });
}

async function task(): Promise<TaskRecord> {
  return findTask((await pipeline.records.get(video))!.record, ENCODE)!;
}

test('the lease is renewed and a heartbeat is sent every third of the duration', async () => {
  await start();
  const { revision: before } = (await pipeline.records.get(video))!;
  for (let third = 1; third <= 6; third++) {
    await pass(DURATION / 3);
    expect(heartbeats).toBe(third);
    expect(toMilliseconds((await task()).leaseTime)).toBe(Date.now() + DURATION);
  }
  expect((await pipeline.records.get(video))!.revision).toBe(before + 6);
});

test('progress is written immediately, and it renews the lease', async () => {
  await start();
  await pass(500);
  lease.progress(1, 4);
  await pass(0);
  expect(await task()).toMatchObject({ step: 1, steps: 4 });
  expect(toMilliseconds((await task()).leaseTime)).toBe(Date.now() + DURATION);
  const { revision } = (await pipeline.records.get(video))!;
  // The lease is younger than a third of its duration at the next heartbeat.
  await pass(DURATION / 3 - 500);
  expect(heartbeats).toBe(1);
  expect((await pipeline.records.get(video))!.revision).toBe(revision);
});

test('while a write is pending only the newest progress waits', async () => {
  const gate = Promise.withResolvers<undefined>();
  await start({
    ...pipeline.records,
    async updateFrom(...args) {
      await gate.promise;
      return pipeline.records.updateFrom(...args);
    },
  });
  const { revision } = (await pipeline.records.get(video))!;
  for (let step = 1; step <= 9; step++) lease.progress(step, 9);
  gate.resolve(undefined);
  await pass(0);
  expect(await task()).toMatchObject({ step: 9, steps: 9 });
  expect((await pipeline.records.get(video))!.revision).toBeLessThanOrEqual(revision + 2);
});

test('the signal says that another worker has taken the task over', async () => {
  await start();
  pipeline.records.unavailable = true;
  await pass(DURATION);
  pipeline.records.unavailable = false;
  await claimAs('another worker');
  expect(lease.signal.aborted).toBe(false);
  await pass(DURATION / 3);
  expect(lease.signal.reason).toBeInstanceOf(ClaimLostError);
  expect(lease.signal.reason).toMatchObject({ takenOver: true });
  expect((await task()).worker).toBe('another worker');
});

test.each([
  ['cancelled', () => pipeline.records.update(video, cancelVideo)],
  ['removed', () => pipeline.records.purge(video)],
] as const)('a check finds a %s video without waiting for the next renewal', async (_, change) => {
  await start();
  await change();
  await pass(0);
  expect(lease.signal.aborted).toBe(false);
  lease.check();
  await pass(0);
  expect(lease.signal.reason).toBeInstanceOf(ClaimLostError);
  expect(lease.signal.reason).toMatchObject({ takenOver: false });
});

test('a check changes nothing while the task is still claimed', async () => {
  await start();
  const before = await pipeline.records.get(video);
  lease.check();
  await pass(0);
  expect(lease.signal.aborted).toBe(false);
  expect(await pipeline.records.get(video)).toEqual(before);
});

test('a task without progress is aborted after the deadline, and no heartbeat follows', async () => {
  await start();
  await pass(PROGRESS_DEADLINE);
  expect(lease.signal.aborted).toBe(false);
  await pass(DURATION / 3);
  expect(lease.signal.reason).toBeInstanceOf(StalledError);
  const sent = heartbeats;
  await pass(DURATION);
  expect(heartbeats).toBe(sent);
});

test('both a step and a sign of life postpone the deadline', async () => {
  await start();
  await pass(PROGRESS_DEADLINE - 1);
  lease.touch();
  await pass(PROGRESS_DEADLINE - 1);
  lease.progress(1, 2);
  await pass(PROGRESS_DEADLINE - DURATION);
  expect(lease.signal.aborted).toBe(false);
});

test('the task goes on while the storage is unavailable, and the next heartbeat renews the lease', async () => {
  await start();
  pipeline.records.unavailable = true;
  await pass((2 * DURATION) / 3);
  expect(lease.signal.aborted).toBe(false);
  expect(heartbeats).toBe(2);
  expect(log).toEqual([]);
  pipeline.records.unavailable = false;
  await pass(DURATION / 3);
  expect(toMilliseconds((await task()).leaseTime)).toBe(Date.now() + DURATION);
});

test('an unexpected error of a renewal is logged, and the task goes on', async () => {
  await start({ ...pipeline.records, updateFrom: () => Promise.reject(new Error('a fault')) });
  await pass(DURATION / 3);
  expect(lease.signal.aborted).toBe(false);
  expect(log.join('')).toContain('progress could not be written');
});

test('the lease and the stage write one after the other, each from the newest revision', async () => {
  const known: number[] = [];
  await start({
    ...pipeline.records,
    updateFrom(stored, ...rest) {
      known.push(stored.revision);
      return pipeline.records.updateFrom(stored, ...rest);
    },
  });
  const { revision } = (await pipeline.records.get(video))!;
  const save = (step: number) =>
    lease.update((record) => {
      saveCheckpoint(record, claim, DURATION, { step, artifacts: [], outputs: [] });
      return changed();
    });
  lease.progress(1, 4);
  await Promise.all([save(1), save(2)]);
  expect(known).toEqual([revision, revision + 1, revision + 2]);
  expect((await task()).checkpoints.map(({ step }) => step)).toEqual([2, 1]);
});

test('after its end a lease writes nothing and aborts nothing', async () => {
  await start();
  await lease.end();
  const before = await pipeline.records.get(video);
  lease.progress(1, 2);
  lease.check();
  await pass(2 * PROGRESS_DEADLINE);
  expect(await pipeline.records.get(video)).toEqual(before);
  expect(heartbeats).toBe(0);
  expect(lease.signal.aborted).toBe(false);
});
