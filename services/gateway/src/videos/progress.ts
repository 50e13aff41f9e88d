import { create } from '@bufbuild/protobuf';
import { durationFromMs } from '@bufbuild/protobuf/wkt';
import type { Duration } from '@bufbuild/protobuf/wkt';
import { isTerminal, PipelineStage, stepsOf, taskSeconds, TaskState, VideoState } from '@cinematica/pipeline';
import type { Forecast, Plan, TaskRecord, VideoEstimate, VideoRecord } from '@cinematica/pipeline';
import { EstimateBasis, EstimateSchema, ProgressSchema, Stage } from '@cinematica/protocol/v1';
import type { Estimate, Progress } from '@cinematica/protocol/v1';

/** The current estimates for a video, which depend on the other videos. */
export interface QueueEstimate {
  /** How many videos will be admitted before this one; null when it is not waiting. */
  readonly position: number | null;
  /** How long it takes; null when unknown. */
  readonly estimate: VideoEstimate | null;
}

/** The share of each stage in the time of a video that was created without a forecast. */
const SHARES = { encodeSeconds: 0.03, denoiseSeconds: 0.5, decodeSeconds: 0.17, muxSeconds: 0.3 } as const;

/** The largest fraction of a video that is not done, so that no client rounds it to 100 %. */
const MAX_FRACTION = 0.99;

const PUBLIC_STAGES: Readonly<Record<number, Stage>> = {
  [PipelineStage.UNSPECIFIED]: Stage.UNSPECIFIED,
  [PipelineStage.ENCODE]: Stage.ENCODE,
  [PipelineStage.DENOISE]: Stage.DENOISE,
  [PipelineStage.DECODE]: Stage.DECODE,
  [PipelineStage.MUX]: Stage.MUX,
};

/** The stage in the public API. */
export const publicStage = (stage: PipelineStage): Stage => PUBLIC_STAGES[stage] ?? Stage.UNSPECIFIED;

/** The progress of a video; undefined when it has ended. */
export function progressOf(record: VideoRecord, { position, estimate }: QueueEstimate): Progress | undefined {
  const { plan, tasks } = record;
  if (!plan || isTerminal(record)) return undefined;
  const waits = record.state === VideoState.QUEUED;
  // Decoding a segment and denoising the next one run at the same time. The stage that comes first, denoising, is shown.
  const current = tasks.toSorted((a, b) => a.stage - b.stage).find(({ state }) => state !== TaskState.DONE);
  const stage = waits || !current ? PipelineStage.UNSPECIFIED : current.stage;
  const ofStage = tasks.filter((task) => task.stage === stage);
  const { fraction, nextFraction } = fractionsOf(record, plan, current);
  return create(ProgressSchema, {
    stage: publicStage(stage),
    step: sum(ofStage.map((task) => (task.state === TaskState.DONE ? reportedSteps(plan, task) : task.step))),
    steps: sum(ofStage.map((task) => reportedSteps(plan, task))),
    segment: current?.segment ?? 0,
    segments: plan.segments,
    ...(waits && position !== null ? { queuePosition: position } : {}),
    ...(estimate && { remaining: seconds(estimate.seconds), basis: basisOf(estimate) }),
    ...(typeof estimate?.step === 'number' && { stepDuration: seconds(estimate.step) }),
    fraction,
    nextFraction: waits ? 0 : nextFraction,
    videosBeside: estimate?.beside ?? 0,
  });
}

/** An estimate in the public API. */
export const toEstimate = (estimate: VideoEstimate, position: number): Estimate =>
  create(EstimateSchema, {
    remaining: seconds(estimate.seconds),
    wait: seconds(estimate.wait),
    basis: basisOf(estimate),
    videosAhead: position,
  });

const basisOf = ({ measured }: VideoEstimate): EstimateBasis =>
  measured ? EstimateBasis.MEASURED : EstimateBasis.PREDICTED;

const seconds = (value: number): Duration => durationFromMs(Math.round(value * 1000));

/** The number of steps of a task. Before the task starts, it comes from the plan; 0 when the plan does not tell it. */
function reportedSteps(plan: Plan, { stage, steps }: TaskRecord): number {
  if (steps > 0) return steps;
  return stage === PipelineStage.DENOISE || stage === PipelineStage.DECODE ? stepsOf(plan, stage) : 0;
}

/** The fraction of all work on a video that is done, from 0 to 1, also of one that has failed or was cancelled. */
export function overallFraction(record: VideoRecord): number {
  const { plan, tasks } = record;
  return plan
    ? fractionsOf(
        record,
        plan,
        tasks.find(({ state }) => state !== TaskState.DONE),
      ).fraction
    : 0;
}

/**
 * The fraction of the whole work that is done, and that which will be done after the current step. The weights of the stages
 * are those of the forecast that the record was created with, so that all watchers see the same fraction.
 */
function fractionsOf({ forecast, tasks }: VideoRecord, plan: Plan, current: TaskRecord | undefined) {
  const weight = (task: TaskRecord): number => weightOf(plan, forecast, task, tasks);
  const total = sum(tasks.map(weight));
  if (total === 0) return { fraction: 0, nextFraction: 0 };
  const doneOf = (task: TaskRecord, step: number): number => {
    const steps = reportedSteps(plan, task) || stepsOf(plan, task.stage);
    return weight(task) * (task.state === TaskState.DONE ? 1 : Math.min(1, step / steps));
  };
  const done = sum(tasks.map((task) => doneOf(task, task.step)));
  const next = current ? done - doneOf(current, current.step) + doneOf(current, current.step + 1) : done;
  return { fraction: Math.min(MAX_FRACTION, done / total), nextFraction: Math.min(MAX_FRACTION, next / total) };
}

function weightOf(plan: Plan, forecast: Forecast | undefined, { stage }: TaskRecord, tasks: readonly TaskRecord[]) {
  if (forecast) return taskSeconds(plan, forecast, stage);
  const count = tasks.filter((task) => task.stage === stage).length;
  const shares: Readonly<Record<number, number>> = {
    [PipelineStage.ENCODE]: SHARES.encodeSeconds,
    [PipelineStage.DENOISE]: SHARES.denoiseSeconds,
    [PipelineStage.DECODE]: SHARES.decodeSeconds,
    [PipelineStage.MUX]: SHARES.muxSeconds,
  };
  return (shares[stage] ?? 0) / count;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
