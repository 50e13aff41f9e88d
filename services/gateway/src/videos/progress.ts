import { create } from '@bufbuild/protobuf';
import { durationFromMs } from '@bufbuild/protobuf/wkt';
import { isTerminal, PipelineStage, TaskState, VideoState } from '@cinematica/pipeline';
import type { Plan, TaskRecord, VideoRecord } from '@cinematica/pipeline';
import { ProgressSchema, Stage } from '@cinematica/protocol/v1';
import type { Progress } from '@cinematica/protocol/v1';

/** The current estimates for a video, which depend on the other videos. */
export interface QueueEstimate {
  /** How many videos will be admitted before this one; null when it is not waiting. */
  readonly position: number | null;
  /** Seconds until the video is done; null when unknown. */
  readonly seconds: number | null;
}

/**
 * The approximate share of each stage in the total time. On a GPU, denoising takes more of it, and with a small model on a
 * CPU, decoding and finishing do.
 */
const WEIGHTS = [
  [PipelineStage.ENCODE, 0.03],
  [PipelineStage.DENOISE, 0.5],
  [PipelineStage.DECODE, 0.17],
  [PipelineStage.MUX, 0.3],
] as const;

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
export function progressOf(record: VideoRecord, { position, seconds }: QueueEstimate): Progress | undefined {
  const { plan, tasks } = record;
  if (!plan || isTerminal(record)) return undefined;
  const waits = record.state === VideoState.QUEUED;
  // Decoding a segment and denoising the next one run at the same time. The stage that comes first, denoising, is shown.
  const current = tasks.toSorted((a, b) => a.stage - b.stage).find(({ state }) => state !== TaskState.DONE);
  const stage = waits || !current ? PipelineStage.UNSPECIFIED : current.stage;
  const ofStage = tasks.filter((task) => task.stage === stage);
  return create(ProgressSchema, {
    stage: publicStage(stage),
    step: sum(ofStage.map((task) => (task.state === TaskState.DONE ? stepsOf(plan, task) : task.step))),
    steps: sum(ofStage.map((task) => stepsOf(plan, task))),
    segment: current?.segment ?? 0,
    segments: plan.segments,
    ...(waits && position !== null ? { queuePosition: position } : {}),
    ...(seconds === null ? {} : { remaining: durationFromMs(Math.round(seconds * 1000)) }),
    fraction: overallFraction(plan, tasks),
  });
}

/** The fraction of all work on a video that is done, from 0 to 1. */
export const overallFraction = (plan: Plan, tasks: readonly TaskRecord[]): number =>
  sum(WEIGHTS.map(([of, weight]) => weight * fractionDone(plan, tasks, of)));

/** The number of steps of a task. Before the task starts, it comes from the plan; 0 when the plan does not tell it. */
function stepsOf(plan: Plan, { stage, steps }: TaskRecord): number {
  if (steps > 0) return steps;
  if (stage === PipelineStage.DENOISE) return plan.steps;
  return stage === PipelineStage.DECODE ? plan.decodeChunks.length : 0;
}

/** The fraction of a stage's work that is done, from 0 to 1. */
function fractionDone(plan: Plan, tasks: readonly TaskRecord[], stage: PipelineStage): number {
  const fractions = tasks
    .filter((task) => task.stage === stage)
    .map((task) => {
      if (task.state === TaskState.DONE) return 1;
      const steps = stepsOf(plan, task);
      return steps > 0 ? Math.min(1, task.step / steps) : 0;
    });
  return fractions.length > 0 ? sum(fractions) / fractions.length : 0;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
