import { create } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ArtifactSchema, PipelineStage, PlanSchema, TaskState, VideoState } from '../messages.ts';
import type { VideoRecord } from '../messages.ts';
import { pipelineSettings } from '../settings.ts';
import { createMemoryRecords } from '../../testing/memory/records.ts';
import { createMemoryTable } from '../../testing/memory/video-table.ts';
import { newRecord } from '../video/new-record.ts';
import { createEstimator } from './estimator.ts';
import type { Estimator, EstimatorOptions } from './estimator.ts';

beforeEach(() => void vi.useFakeTimers({ now: 1_000_000 }));
afterEach(() => void vi.useRealTimers());

const plan = create(PlanSchema, {
  model: 'm',
  modelDigest: 'd',
  width: 512,
  height: 288,
  frames: 50,
  segments: 1,
  segmentFrames: 50,
  steps: 2,
  decodeChunks: [25, 25],
  conditioningFps: 7,
  frameRate: 28,
  outputWidth: 1280,
  outputHeight: 720,
  resolution: 'hd',
  outputs: ['mp4'],
});

/** What the model's stages take on the reference machine. */
const work = { encode: 0.85, step: 5, decode: 9 };
const REFERENCE = { encode: 1, denoise: 11.5, decode: 10 };

function setUp(changes: Partial<EstimatorOptions> = {}) {
  const table = createMemoryTable(createMemoryRecords());
  let revision = 0;
  let count = 0;
  const estimator: Estimator = createEstimator({
    table,
    waiting: () =>
      [...table.videos.values()].flatMap(({ record }) => (record.state === VideoState.QUEUED ? record.videoId : [])),
    workOf: () => work,
    slowness: () => 1,
    shared: true,
    settings: pipelineSettings(),
    ...changes,
  });
  const store = (record: VideoRecord): VideoRecord => {
    table.apply({ record, revision: ++revision });
    return record;
  };
  const add = (): VideoRecord => {
    const record = newRecord({
      owner: 'o',
      videoId: `v${++count}`,
      requestId: '',
      plan,
      photo: create(ArtifactSchema, { name: 'photo' }),
      keepHours: 1,
    });
    return store(record);
  };
  const admit = (record: VideoRecord) => {
    record.state = VideoState.RUNNING;
    return store(record);
  };
  /** Runs a task for some seconds. */
  const run = (record: VideoRecord, stage: PipelineStage, seconds: number) => {
    const task = record.tasks.find((other) => other.stage === stage)!;
    Object.assign(task, { state: TaskState.RUNNING, attempt: 1, startTime: timestampFromMs(Date.now()) });
    store(record);
    vi.advanceTimersByTime(seconds * 1000);
    Object.assign(task, { state: TaskState.DONE, endTime: timestampFromMs(Date.now()) });
    store(record);
  };
  return { table, estimator, add, admit, run, store };
}

test('the first video is predicted from its work and the speed of the machine', () => {
  const { estimator, add } = setUp({ slowness: () => 2 });
  const { seconds, measured } = estimator.estimate(add())!;
  expect(measured).toBe(false);
  const model = 2 * (REFERENCE.encode + REFERENCE.denoise + REFERENCE.decode);
  // Finishing 50 frames to 197 of 1280×720 takes the reference machine 18 s.
  expect(seconds).toBeGreaterThan(model + 2 * 13);
  expect(seconds).toBeLessThan(model + 2 * 23);
});

test('nothing is estimated before the speed of the machine is known', () => {
  const { estimator, add } = setUp({ slowness: () => null });
  expect(estimator.estimate(add())).toBeNull();
  expect(estimator.estimateNew(plan)).toBeNull();
});

test('what earlier videos took replaces the prediction', () => {
  const { estimator, add, admit, run } = setUp();
  const first = admit(add());
  run(first, PipelineStage.ENCODE, 2);
  run(first, PipelineStage.DENOISE, 30);
  run(first, PipelineStage.DECODE, 20);
  run(first, PipelineStage.MUX, 40);
  first.state = VideoState.DONE;
  const { seconds, measured } = estimator.estimateNew(plan)!;
  expect(measured).toBe(true);
  expect(seconds).toBeCloseTo(92, 0);
});

test('the stages that are done correct the prediction of those that follow', () => {
  const { estimator, add, admit, run } = setUp();
  const first = admit(add());
  const before = estimator.estimate(first)!.seconds;
  run(first, PipelineStage.ENCODE, REFERENCE.encode);
  run(first, PipelineStage.DENOISE, 2 * REFERENCE.denoise);
  const { decodeSeconds } = estimator.forecast(plan)!;
  expect(decodeSeconds).toBeCloseTo(2 * REFERENCE.decode);
  expect(before).toBeGreaterThan(0);
});

test('the remaining time counts down within a step, and never below a part of it', () => {
  const { estimator, add, admit, store } = setUp();
  const record = admit(add());
  const [encode, denoise] = record.tasks;
  encode!.state = TaskState.DONE;
  Object.assign(denoise!, { state: TaskState.RUNNING, attempt: 1, steps: 2, startTime: timestampFromMs(Date.now()) });
  store(record);
  const start = estimator.estimate(record)!;
  expect(start.step).toBeCloseTo(REFERENCE.denoise / 2);
  vi.advanceTimersByTime(4_000);
  expect(estimator.estimate(record)!.seconds).toBeCloseTo(start.seconds - 4, 1);
  vi.advanceTimersByTime(60_000);
  expect(estimator.estimate(record)!.seconds).toBeGreaterThan(start.seconds - REFERENCE.denoise / 2);
});

test('an estimator that is new knows since when a step runs, however many videos have ended', () => {
  const { table, estimator, add, admit, store } = setUp();
  for (let count = 0; count < 500; count++) {
    store(Object.assign(add(), { state: VideoState.DONE, endTime: timestampFromMs(Date.now()) }));
  }
  const record = admit(add());
  const [encode, denoise] = record.tasks;
  encode!.state = TaskState.DONE;
  Object.assign(denoise!, { state: TaskState.RUNNING, attempt: 1, steps: 2, startTime: timestampFromMs(Date.now()) });
  store(record);
  vi.advanceTimersByTime(4_000);
  const expected = estimator.estimate(record)!.seconds;
  expect(setUp({ table }).estimator.estimate(record)!.seconds).toBeCloseTo(expected);
});

test('a video that is made beside another is expected to take longer, and says how many there are', () => {
  const { estimator, add, admit } = setUp();
  const alone = admit(add());
  const before = estimator.estimate(alone)!;
  expect(before.beside).toBe(0);
  admit(add());
  const after = estimator.estimate(alone)!;
  expect(after.beside).toBe(1);
  expect(after.seconds).toBeGreaterThan(before.seconds);
});

test('a video behind others in the queue waits for them', () => {
  const { estimator, add } = setUp();
  const records = [add(), add(), add()];
  const estimates = records.map((record) => estimator.estimate(record)!);
  expect(estimates[0]!.wait).toBe(0);
  expect(estimates[2]!.seconds).toBeCloseTo(3 * estimator.estimateNew(plan)!.seconds * (3 / 12), -2);
  expect(estimates[2]!.seconds).toBeGreaterThan(estimates[0]!.seconds);
  expect(estimator.estimateNew(plan)!.seconds).toBeGreaterThan(estimates[2]!.seconds);
});

test('several new videos are estimated until the last one is done, with what is made before them', () => {
  const { estimator, add } = setUp();
  const one = estimator.estimateNew(plan)!;
  const four = estimator.estimateNew(plan, 4)!;
  // All stages share the cores of one machine, so four videos compute four times as long.
  expect(four.seconds).toBeCloseTo(4 * one.seconds);
  expect(four.wait).toBe(0);
  const records = [add(), add(), add(), add()];
  const created = Math.max(...records.map((record) => estimator.estimate(record)!.seconds));
  expect(four.seconds).toBeCloseTo(created);
  expect(estimator.estimateNew(plan, 4)!.seconds).toBeCloseTo(8 * one.seconds);
});

test('the queue is simulated once a second for the estimates of new videos', () => {
  const waiting = vi.fn(() => []);
  const { estimator, add, admit, store } = setUp({ waiting });
  const first = estimator.estimateNew(plan)!;
  expect(estimator.estimateNew({ ...plan, seed: 3 })).toEqual(first);
  expect(estimator.estimateNew({ ...plan, steps: 9 })!.seconds).toBeGreaterThan(first.seconds);
  expect(waiting).toHaveBeenCalledTimes(1);
  // A new video changes the queue.
  const video = admit(add());
  estimator.estimateNew(plan);
  expect(waiting).toHaveBeenCalledTimes(2);
  // The progress of a video that is in it does not.
  store(video);
  estimator.estimateNew(plan);
  expect(waiting).toHaveBeenCalledTimes(2);
  vi.advanceTimersByTime(1_001);
  estimator.estimateNew(plan);
  expect(waiting).toHaveBeenCalledTimes(3);
});

test('time that a task shared with others is not learned as its own', () => {
  const { estimator, add, admit, store } = setUp();
  const [a, b] = [admit(add()), admit(add())];
  for (const record of [a, b]) {
    const encode = record.tasks[0]!;
    Object.assign(encode, { state: TaskState.RUNNING, attempt: 1, startTime: timestampFromMs(Date.now()) });
    store(record);
  }
  vi.advanceTimersByTime(4_000);
  for (const record of [a, b]) {
    Object.assign(record.tasks[0]!, { state: TaskState.DONE, endTime: timestampFromMs(Date.now()) });
    store(record);
  }
  // The second one knows that the first ran beside it all the time.
  expect(estimator.forecast(plan)!.encodeSeconds).toBeLessThan(4);
});
