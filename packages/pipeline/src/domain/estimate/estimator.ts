import { create } from '@bufbuild/protobuf';
import type { Work } from '@cinematica/svd';
import { ForecastSchema, PipelineStage, TaskState, VideoState } from '../messages.ts';
import type { Forecast, Plan, TaskRecord, VideoRecord } from '../messages.ts';
import { toMilliseconds } from '../timestamps.ts';
import { dependencies, isActive, nameOf, planTasks } from '../video/routing.ts';
import type { TaskRef } from '../video/routing.ts';
import type { VideoTable } from '../ports/video-table.ts';
import type { PipelineSettings } from '../settings.ts';
import { createLearnedRates } from './learned-rates.ts';
import { findRoom, simulate } from './simulate.ts';
import type { Room, SimulatedTask, SimulatedTimes, SimulatedVideo, SimulationOptions } from './simulate.ts';
import { muxSeconds, referenceForecast, stepsOf, taskSeconds } from './stage-seconds.ts';

/** How long an unfinished video takes from now on. */
export interface VideoEstimate {
  /** Seconds until it is done. */
  readonly seconds: number;
  /** Seconds of these until it starts. */
  readonly wait: number;
  /** Whether it is based on measurements of this model, and not on a prediction. */
  readonly measured: boolean;
  /** Seconds that a step of its current stage takes, with what runs beside it; null when it waits. */
  readonly step: number | null;
  /** The number of other videos that are being made with the same cores. */
  readonly beside: number;
}

/** Estimates how long videos take, from what their stages have to compute and from how long earlier tasks took. */
export interface Estimator {
  /** @returns null when the video is not active, or nothing is known about the speed of the system. */
  estimate(record: VideoRecord): VideoEstimate | null;
  /**
   * Estimates videos of the same plan that would be created now, together: how long it takes until the first one starts and the last
   * one is done.
   * @param count their number. Default 1.
   */
  estimateNew(plan: Plan, count?: number): VideoEstimate | null;
  /** How long the stages of a plan compute, without what runs beside them; null when nothing is known. */
  forecast(plan: Plan): Forecast | null;
  close(): void;
}

/** What an estimator needs. Every field is required. */
export interface EstimatorOptions {
  readonly table: VideoTable;
  /** The ids of the waiting videos in the order of their admission. */
  readonly waiting: () => readonly string[];
  /** How long the reference machine computes a segment of a plan; null for a model that is not loaded. */
  readonly workOf: (plan: Plan) => Work | null;
  /** How many times as long as the reference machine the stages of the model take, by the slowest process's measurement; null if unknown. */
  readonly slowness: () => number | null;
  /** Whether all stages share the cores of one machine. */
  readonly shared: boolean;
  readonly settings: Pick<PipelineSettings, 'ADMIT_WAITING' | 'ADMIT_RUNNING'>;
}

/** A simulation is used for this long, unless a video was added or removed. Milliseconds. */
const FRESH_MS = 250;
/** The same for when there is room for a new video, which anybody may ask often. Milliseconds. */
const ROOM_FRESH_MS = 1_000;
/** The part of a step that is still expected when it takes longer than it should. */
const OVERDUE = 0.05;
/** How many of the videos that ended last are learned from at the start. */
const LEARNED_RECORDS = 500;
/** The id of the first video in {@link Estimator.estimateNew}. Those of the others begin with it, too. */
const NEW_VIDEO = 'new';

export function createEstimator(options: EstimatorOptions): Estimator {
  const { table, waiting, workOf, slowness, shared, settings } = options;
  const rates = createLearnedRates((plan, stage) => referenceTask(plan, stage), shared);
  /** The time of the last step of each running task, in milliseconds since 1970. */
  const moved = new Map<string, { readonly step: number; readonly time: number }>();
  let simulated: { readonly time: number; readonly times: ReadonlyMap<string, SimulatedTimes> } | null = null;
  /** Where a new video has room. */
  let knownRoom: {
    readonly time: number;
    readonly room: Room | null;
    readonly options: SimulationOptions;
    readonly videoIds: ReadonlySet<string>;
  } | null = null;

  function referenceTask(plan: Plan, stage: PipelineStage): number | null {
    if (stage === PipelineStage.MUX) return muxSeconds(plan);
    const work = workOf(plan);
    // Without its graphs, a model's tasks can only be compared with its own earlier ones.
    return work ? taskSeconds(plan, referenceForecast(plan, work), stage) : 1;
  }

  /** The factor of a stage, and whether it was measured for this model. */
  function factorOf(plan: Plan, stage: PipelineStage): { readonly value: number; readonly measured: boolean } | null {
    const learned = rates.factor(stage, plan);
    if (learned?.ofModel === true) return { value: learned.value, measured: true };
    if (stage !== PipelineStage.MUX && !workOf(plan)) return null;
    const value = learned?.value ?? rates.modelFactor() ?? slowness();
    if (value !== null) return { value, measured: false };
    // Finishing runs on a CPU like that of the reference machine, wherever the model runs.
    return stage === PipelineStage.MUX ? { value: 1, measured: false } : null;
  }

  function forecast(plan: Plan): Forecast | null {
    const seconds = new Map<PipelineStage, number>();
    let measured = true;
    for (const { stage } of planTasks(plan)) {
      if (seconds.has(stage)) continue;
      const factor = factorOf(plan, stage);
      const reference = referenceTask(plan, stage);
      if (!factor || reference === null || !Number.isFinite(reference)) return null;
      seconds.set(stage, factor.value * reference);
      measured &&= factor.measured;
    }
    return create(ForecastSchema, {
      encodeSeconds: seconds.get(PipelineStage.ENCODE) ?? 0,
      stepSeconds: (seconds.get(PipelineStage.DENOISE) ?? 0) / Math.max(1, plan.steps),
      decodeSeconds: seconds.get(PipelineStage.DECODE) ?? 0,
      muxSeconds: seconds.get(PipelineStage.MUX) ?? 0,
      measured,
    });
  }

  /** The seconds that a task still computes, alone on the machine. */
  function remaining(record: VideoRecord, plan: Plan, task: TaskRecord, whole: number, now: number): number {
    if (task.state !== TaskState.RUNNING) return whole;
    const steps = task.steps > 0 ? task.steps : stepsOf(plan, task.stage);
    const step = whole / steps;
    const since = moved.get(keyOf(record.videoId, task))?.time ?? now;
    const running = shared ? Math.max(1, countRunning()) : 1;
    const begun = Math.min((now - since) / 1000 / running, step * (1 - OVERDUE));
    return Math.max(OVERDUE * step, (steps - Math.min(task.step, steps)) * step - begun);
  }

  function countRunning(): number {
    let count = 0;
    for (const { record } of table.videos.values()) {
      if (!isActive(record)) continue;
      for (const { state } of record.tasks) if (state === TaskState.RUNNING) count++;
    }
    return count;
  }

  function simulatedVideo(record: VideoRecord, now: number): SimulatedVideo | null {
    const { plan, videoId } = record;
    const expected = plan && (forecast(plan) ?? record.forecast);
    if (!plan || !expected) return null;
    const open = new Set(record.tasks.filter(({ state }) => state !== TaskState.DONE).map(nameOf));
    const tasks = record.tasks
      .filter(({ state }) => state !== TaskState.DONE)
      .map((task): SimulatedTask => ({
        name: nameOf(task),
        stage: task.stage,
        seconds: remaining(record, plan, task, taskSeconds(plan, expected, task.stage), now),
        running: task.state === TaskState.RUNNING,
        after: dependencies(plan, task)
          .map(nameOf)
          .filter((name) => open.has(name)),
      }));
    return { videoId, waits: record.state === VideoState.QUEUED, tasks };
  }

  /** All unfinished videos, and how they are simulated. */
  function current(): [videos: SimulatedVideo[], options: SimulationOptions] {
    const now = Date.now();
    const running: SimulatedVideo[] = [];
    for (const { record } of table.videos.values()) {
      const video = isActive(record) ? simulatedVideo(record, now) : null;
      if (video) running.push(video);
    }
    const queued = waiting().flatMap((videoId) => {
      const record = table.videos.get(videoId)?.record;
      return (record?.state === VideoState.QUEUED ? simulatedVideo(record, now) : null) ?? [];
    });
    const busy = new Map<PipelineStage, number>();
    for (const { tasks } of running)
      for (const task of tasks) if (task.running) busy.set(task.stage, (busy.get(task.stage) ?? 0) + 1);
    const options = {
      shared,
      workers: (stage: PipelineStage) => (shared ? 1 : Math.max(1, busy.get(stage) ?? 0)),
      admitWaiting: settings.ADMIT_WAITING,
      admitRunning: settings.ADMIT_RUNNING,
    };
    return [[...running, ...queued], options];
  }

  function timesOf(videoId: string): SimulatedTimes | null {
    const now = Date.now();
    if (!simulated || now - simulated.time > FRESH_MS || !simulated.times.has(videoId)) {
      simulated = { time: now, times: simulate(...current()) };
    }
    const times = simulated.times.get(videoId);
    const passed = (now - simulated.time) / 1000;
    return times ? { start: Math.max(0, times.start - passed), end: Math.max(0, times.end - passed) } : null;
  }

  /** When the first of some videos that would be created now starts, and when the last one is done. */
  function timesOfNew(tasks: readonly SimulatedTask[], count: number): SimulatedTimes | null {
    const now = Date.now();
    if (!knownRoom || now - knownRoom.time > ROOM_FRESH_MS) {
      const [videos, options] = current();
      const videoIds = new Set(videos.map(({ videoId }) => videoId));
      knownRoom = { time: now, room: findRoom(videos, options), options, videoIds };
    }
    const { time, room, options } = knownRoom;
    if (!room) return null;
    // There is room for the first one; each of the others is admitted as soon as there is room for it.
    const added = Array.from({ length: count }, (_, index): SimulatedVideo => ({
      videoId: `${NEW_VIDEO}${index}`,
      waits: index > 0,
      tasks,
    }));
    const times = simulate([...room.open, ...added], options);
    const ends = added.flatMap(({ videoId }) => times.get(videoId)?.end ?? []);
    const start = Math.max(0, room.seconds - (now - time) / 1000);
    return ends.length === count ? { start, end: start + Math.max(...ends) } : null;
  }

  function forgetSimulations(): void {
    simulated = null;
    knownRoom = null;
  }

  const countBeside = (videoId: string): number =>
    shared
      ? [...table.videos.values()].filter(({ record }) => isActive(record) && record.videoId !== videoId).length
      : 0;

  function stepSeconds(record: VideoRecord, plan: Plan, expected: Forecast): number | null {
    const current = record.tasks.toSorted((a, b) => a.stage - b.stage).find(({ state }) => state !== TaskState.DONE);
    if (record.state === VideoState.QUEUED || !current) return null;
    const steps = current.steps > 0 ? current.steps : stepsOf(plan, current.stage);
    return (taskSeconds(plan, expected, current.stage) / steps) * (shared ? Math.max(1, countRunning()) : 1);
  }

  function observe(record: VideoRecord): void {
    rates.observe(record);
    for (const task of record.tasks) {
      const key = keyOf(record.videoId, task);
      if (task.state !== TaskState.RUNNING) {
        moved.delete(key);
        continue;
      }
      const before = moved.get(key);
      if (before?.step === task.step) continue;
      const time = task.step === 0 ? toMilliseconds(task.startTime) || Date.now() : Date.now();
      moved.set(key, { step: task.step, time });
    }
  }

  const unsubscribe = table.subscribe(({ videoId, stored }) => {
    if (stored) {
      // The progress of a video that is known changes little.
      const ended = stored.record.endTime !== undefined;
      if (ended || !simulated?.times.has(videoId)) simulated = null;
      if (ended || !knownRoom?.videoIds.has(videoId)) knownRoom = null;
      observe(stored.record);
      return;
    }
    forgetSimulations();
    rates.forget(videoId);
    for (const key of moved.keys()) if (key.startsWith(`${videoId}/`)) moved.delete(key);
  });
  const known = [...table.videos.values()].map(({ record }) => record);
  const ended = known
    .filter(({ endTime }) => endTime !== undefined)
    .sort((a, b) => toMilliseconds(a.endTime) - toMilliseconds(b.endTime));
  // Since when the running tasks run is needed however many videos have ended.
  for (const record of [...ended.slice(-LEARNED_RECORDS), ...known.filter(isActive)]) observe(record);

  return {
    forecast,
    estimate(record) {
      const { plan, videoId } = record;
      if (!plan || !(record.state === VideoState.QUEUED || isActive(record)) || record.purgeTime) return null;
      const expected = forecast(plan) ?? record.forecast;
      const times = expected && timesOf(videoId);
      if (!expected || !times) return null;
      return {
        seconds: times.end,
        wait: record.state === VideoState.QUEUED ? times.start : 0,
        measured: expected.measured,
        step: stepSeconds(record, plan, expected),
        beside: countBeside(videoId),
      };
    },
    estimateNew(plan, count = 1) {
      const expected = forecast(plan);
      if (!expected) return null;
      const tasks = planTasks(plan).map((task): SimulatedTask => ({
        name: nameOf(task),
        stage: task.stage,
        seconds: taskSeconds(plan, expected, task.stage),
        running: false,
        after: dependencies(plan, task).map(nameOf),
      }));
      const times = timesOfNew(tasks, count);
      if (!times) return null;
      const beside = countBeside(NEW_VIDEO);
      return { seconds: times.end, wait: times.start, measured: expected.measured, step: null, beside };
    },
    close: unsubscribe,
  };
}

const keyOf = (videoId: string, task: TaskRef): string => `${videoId}/${nameOf(task)}`;
