import { jetstreamManager } from '@nats-io/jetstream';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { startTestNats } from '../../../../../test/support/nats-server.ts';
import type { TestNats } from '../../../../../test/support/nats-server.ts';
import { FailureReason, Lifetime, PipelineStage, TaskState, VideoState } from '../../domain/messages.ts';
import { bucketStream, DEAD_LETTER_STREAM, deadLetterSubject, workStream } from '../../nats/names.ts';
import { LIFETIMES, STAGES } from '../../domain/stages.ts';
import { provision } from '../../nats/provision.ts';
import { cancelVideo, deleteVideo, undeleteVideo } from '../../domain/video/video-changes.ts';
import { dueTasks, findTask, isTerminal, nameOf } from '../../domain/video/routing.ts';
import { decodeDeadLetter } from '../../nats/task-queue.ts';
import { expectedSum, sumStages } from '../../testing/sum-stages.ts';
import { openTestSystem, TEST_MODEL, testSettings } from '../../testing/system.ts';
import type { TestSystem } from '../../testing/system.ts';
import { createComputeSlot } from './compute-slot.ts';
import { createLog } from '../../telemetry/log.ts';
import { createMetrics } from '../../telemetry/metrics.ts';
import type { WorkerState } from './worker-state.ts';
import { startWorker } from './worker.ts';
import type { Worker } from './worker.ts';
import type { StageHandler, StageTask } from './stage-handler.ts';

let server: TestNats;
let system: TestSystem;
const steps: string[] = [];
const workers: Worker[] = [];

const startAll = (handlers: StageHandler[]) => {
  workers.push(
    ...handlers.map((handler) => startWorker({ ...system, handler, model: TEST_MODEL, slot: createComputeSlot() })),
  );
};
const drainAll = () => Promise.all(workers.splice(0).map((worker) => worker.drain()));
const stages = (stepMilliseconds = 5) =>
  sumStages({
    stepMilliseconds,
    onStep: (task: StageTask, step) => steps.push(`${task.videoId} ${nameOf(task)} ${step}`),
  });
const stepsOf = (videoId: string, stage: PipelineStage, segment: number) =>
  steps
    .filter((line) => line.startsWith(`${videoId} ${nameOf({ stage, segment })} `))
    .map((line) => Number(line.split(' ')[2]));

beforeAll(async () => {
  server = await startTestNats();
  system = await openTestSystem(server.url, 'test', testSettings());
  await provision(system.nats, system.settings, [TEST_MODEL]);
  // Provisioning is idempotent.
  await provision(system.nats, system.settings, [TEST_MODEL]);
});
afterAll(async () => {
  await system[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

afterEach(drainAll);

test('a video passes through every stage and leaves no message in the queues', async () => {
  startAll(stages());
  const { record } = await system.add('a photo');
  await system.admit(record);
  const done = await system.until(record, ({ record: now }) => isTerminal(now));
  expect(done.record.state).toBe(VideoState.DONE);
  const media = findTask(done.record, { stage: PipelineStage.MUX, segment: 0 })!.outputs[0]!;
  expect(Buffer.from(await system.artifacts.get(media))).toEqual(
    Buffer.from(expectedSum(Buffer.from('a photo'), done.record.plan!)),
  );
  expect(stepsOf(record.videoId, PipelineStage.DENOISE, 1)).toEqual([1, 2, 3, 4, 5, 6]);
  const manager = await jetstreamManager(system.nats);
  for (const stage of STAGES) expect((await manager.streams.info(workStream(stage))).state.messages).toBe(0);
});

test('a task that is published ten times is done once', async () => {
  startAll(stages());
  const { record } = await system.add('again');
  await system.admit(record);
  const { record: admitted } = (await system.records.get(record))!;
  for (let i = 0; i < 10; i++) await system.tasks.publish(admitted, dueTasks(admitted), `again ${i}`);
  const done = await system.until(record, ({ record: now }) => isTerminal(now));
  await system.tasks.publish(admitted, [{ stage: PipelineStage.ENCODE, segment: 0 }], 'late');
  expect(done.record.tasks.map(({ attempt }) => attempt)).toEqual([1, 1, 1, 1, 1, 1]);
  await delay(200);
  expect((await system.records.get(record))!.revision).toBe(done.revision);
});

test('an unusable input fails the video immediately, and a task that failed three times becomes a dead letter', async () => {
  startAll(stages());
  const unusable = (await system.add('unusable')).record;
  const failing = (await system.add('fails')).record;
  await Promise.all([unusable, failing].map((video) => system.admit(video)));
  const first = await system.until(unusable, ({ record: now }) => isTerminal(now));
  expect(first.record.failure).toMatchObject({
    stage: PipelineStage.ENCODE,
    message: 'This photo is not usable.',
    reason: FailureReason.PHOTO_UNREADABLE,
    permanent: true,
  });
  expect(findTask(first.record, { stage: PipelineStage.ENCODE, segment: 0 })!.attempt).toBe(1);
  const second = await system.until(failing, ({ record: now }) => isTerminal(now));
  expect(second.record.failure).toMatchObject({ reason: FailureReason.STAGE_FAILED, permanent: false });
  // The owner reads what to do, and the operator reads what went wrong.
  expect(second.record.failure!.message).toMatch(/^The decode stage failed 3 times: try again/);
  expect(findTask(second.record, { stage: PipelineStage.DECODE, segment: 0 })).toMatchObject({
    attempt: 3,
    lastError: 'it always fails',
  });

  const manager = await jetstreamManager(system.nats);
  await expect.poll(async () => (await manager.streams.info(DEAD_LETTER_STREAM)).state.messages).toBe(2);
  const letter = await manager.streams.getMessage(DEAD_LETTER_STREAM, {
    last_by_subj: deadLetterSubject(PipelineStage.DECODE, failing.videoId),
  });
  expect(decodeDeadLetter(letter!.data).detail).toContain('it always fails\n    at ');
});

/** A file that every write to fails with ENOSPC. Linux has it. */
const FULL_DEVICE = '/dev/full';

test.skipIf(!existsSync(FULL_DEVICE))(
  'a task waits while no space is left on the device, and does not fail',
  async () => {
    const lines: string[] = [];
    const log = createLog('test', { write: (line) => lines.push(line) });
    const metrics = createMetrics('test');
    const tries = system.settings.MAX_FAILURES + 2;
    let attempts = 0;
    const handlers = stages().map((handler) => ({
      ...handler,
      async run(...args: Parameters<StageHandler['run']>) {
        if (handler.stage === PipelineStage.MUX && ++attempts < tries) await writeFile(FULL_DEVICE, 'a temporary file');
        await handler.run(...args);
      },
    }));
    const worker = (handler: StageHandler) =>
      startWorker({ ...system, handler, model: TEST_MODEL, slot: createComputeSlot(), log, metrics });
    workers.push(...handlers.map(worker));
    const { record } = await system.add('full');
    await system.admit(record);
    const done = await system.until(record, ({ record: now }) => isTerminal(now));
    expect(done.record.state).toBe(VideoState.DONE);
    expect(findTask(done.record, { stage: PipelineStage.MUX, segment: 0 })).toMatchObject({
      attempt: tries,
      failures: 0,
    });
    expect(lines.filter((line) => line.includes('no space left on device: the task waits'))).toHaveLength(tries - 1);
    expect(await metrics.registry.metrics()).toContain(
      `cinematica_no_space_total{stage="mux",service="test"} ${tries - 1}`,
    );
  },
);

test('a missing artifact is made again, and the video has the same bytes', async () => {
  const { record } = await system.add('lost');
  const [encode, denoise] = stages();
  startAll([encode!, denoise!]);
  await system.admit(record);
  const latents = await system.until(
    record,
    ({ record: now }) => findTask(now, { stage: PipelineStage.DENOISE, segment: 1 })?.state === TaskState.DONE,
  );
  const lost = findTask(latents.record, { stage: PipelineStage.DENOISE, segment: 0 })!.outputs[0]!;
  const manager = await jetstreamManager(system.nats);
  // The entry stays without its content, so that a plain read would wait for ever.
  await manager.streams.purge(bucketStream(LIFETIMES[1]), { filter: '$O.latents.C.>' });
  startAll(stages());
  const done = await system.until(record, ({ record: now }) => {
    void system.tasks.publish(now, dueTasks(now), String(Math.floor(Date.now() / 500)));
    return isTerminal(now);
  });
  expect(done.record.failure?.message).toBeUndefined();
  const remade = findTask(done.record, { stage: PipelineStage.DENOISE, segment: 0 })!;
  expect(remade.remakes).toBe(1);
  expect(remade.outputs[0]!.name).not.toBe(lost.name);
  const media = findTask(done.record, { stage: PipelineStage.MUX, segment: 0 })!.outputs[0]!;
  expect(Buffer.from(await system.artifacts.get(media))).toEqual(
    Buffer.from(expectedSum(Buffer.from('lost'), done.record.plan!)),
  );
});

test('cancelling stops the running stage within a step, and nothing is committed afterwards', async () => {
  startAll(stages(100));
  const { record } = await system.add('cancelled', { steps: 100 });
  await system.admit(record);
  await system.until(
    record,
    ({ record: now }) => findTask(now, { stage: PipelineStage.DENOISE, segment: 0 })!.step >= 2,
  );
  const { stored: cancelled } = await system.records.update(record, cancelVideo);
  system.nudges.nudge(record.videoId);
  await delay(250);
  const stopped = stepsOf(record.videoId, PipelineStage.DENOISE, 0).length;
  await delay(300);
  expect(stepsOf(record.videoId, PipelineStage.DENOISE, 0).length).toBe(stopped);
  const after = (await system.records.get(record))!;
  expect(after.record.state).toBe(VideoState.CANCELLED);
  expect(after.record.endTime).toEqual(cancelled.record.endTime);
});

test('a running video stops when it is deleted, and resumes from its checkpoint when it is restored', async () => {
  startAll(stages(100));
  const { record } = await system.add('undone', { steps: 10, checkpointSteps: 1 });
  await system.admit(record);
  await system.until(
    record,
    ({ record: now }) => findTask(now, { stage: PipelineStage.DENOISE, segment: 0 })!.step >= 3,
  );
  await system.records.update(record, (now) => deleteVideo(now, 60_000));
  await system.until(
    record,
    ({ record: now }) => findTask(now, { stage: PipelineStage.DENOISE, segment: 0 })!.state === TaskState.READY,
  );
  const { stored } = await system.records.update(record, undeleteVideo);
  await system.tasks.publish(stored.record, dueTasks(stored.record), 'undeleted');
  const done = await system.until(record, ({ record: now }) => isTerminal(now));
  expect(done.record.state).toBe(VideoState.DONE);
  expect(stepsOf(record.videoId, PipelineStage.DENOISE, 0).length).toBeLessThanOrEqual(11);
});

test('a draining worker saves and releases its task, and another worker resumes it', async () => {
  startAll(stages(30));
  const { record } = await system.add('drained', { steps: 40, checkpointSteps: 100 });
  await system.admit(record);
  await system.until(
    record,
    ({ record: now }) => findTask(now, { stage: PipelineStage.DENOISE, segment: 0 })!.step >= 5,
  );
  await drainAll();
  const given = (await system.records.get(record))!;
  const task = findTask(given.record, { stage: PipelineStage.DENOISE, segment: 0 })!;
  expect(task).toMatchObject({ state: TaskState.READY, failures: 0 });
  expect(task.checkpoints[0]!.step).toBeGreaterThanOrEqual(5);
  startAll(stages(1));
  await system.until(record, ({ record: now }) => isTerminal(now));
  expect(stepsOf(record.videoId, PipelineStage.DENOISE, 0)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
});

test('a stage without progress is aborted, and the attempt counts as failed', async () => {
  const slow = { ...system, settings: { ...system.settings, PROGRESS_DEADLINE_MS: 600 } };
  const hanging: StageHandler = {
    stage: PipelineStage.ENCODE,
    fingerprint: '',
    run: (_task, _inputs, hooks) =>
      new Promise((_, reject) => hooks.signal.addEventListener('abort', () => reject(new Error('stopped')))),
  };
  workers.push(startWorker({ ...slow, handler: hanging, model: TEST_MODEL, slot: createComputeSlot() }));
  const { record } = await system.add('hangs');
  await system.admit(record);
  const failed = await system.until(record, ({ record: now }) => isTerminal(now));
  expect(failed.record.failure).toMatchObject({ reason: FailureReason.TOOK_TOO_LONG, stage: PipelineStage.ENCODE });
  expect(failed.record.tasks[0]!.lastError).toMatch(/^it made no progress for \d+ s$/);
});

test('a worker can drain while NATS is unreachable, whether it is idle or busy', async () => {
  startAll(stages(30));
  const { record } = await system.add('left', { steps: 2_000 });
  await system.admit(record);
  await system.until(
    record,
    ({ record: now }) => findTask(now, { stage: PipelineStage.DENOISE, segment: 0 })!.step >= 2,
  );
  await server.kill();
  await drainAll();
  await server.start();
});

test('a video that fails because its photo is lost is counted and logged as failed, and becomes a dead letter', async () => {
  const lines: string[] = [];
  const metrics = createMetrics('encoder');
  const [encode] = stages();
  const log = createLog('encoder', { format: 'json', write: (line) => void lines.push(line) });
  const options = { ...system, metrics, log, handler: encode!, model: TEST_MODEL, slot: createComputeSlot() };
  workers.push(startWorker(options));
  const { record } = await system.add('a photo that is lost');
  await system.artifacts.remove(Lifetime.PHOTO, record.photo!.name);
  await system.admit(record);
  const failed = await system.until(record, ({ record: now }) => isTerminal(now));
  expect(failed.record.failure).toMatchObject({ reason: FailureReason.DATA_LOST });
  const manager = await jetstreamManager(system.nats);
  const letter = { last_by_subj: deadLetterSubject(PipelineStage.ENCODE, record.videoId) };
  await expect.poll(() => manager.streams.getMessage(DEAD_LETTER_STREAM, letter)).not.toBeNull();
  expect(await metrics.registry.metrics()).toMatch(/^cinematica_jobs_total\{outcome="failed".*\} 1$/m);
  expect(lines.map((line) => JSON.parse(line) as object)).toContainEqual(
    expect.objectContaining({ level: 'error', message: 'video failed', video: record.videoId }),
  );
});

test('a worker passes through the states of its life', async () => {
  const states: WorkerState[] = [];
  const [encode] = stages();
  const worker = startWorker({
    ...system,
    handler: encode!,
    model: TEST_MODEL,
    slot: createComputeSlot(),
    onState: (state) => states.push(state),
  });
  expect(worker.state).toBe('RUNNING');
  await worker.drain();
  expect(worker.state).toBe('STOPPED');
  expect(states).toEqual(['RUNNING', 'DRAINING', 'DRAINED', 'STOPPED']);
});
