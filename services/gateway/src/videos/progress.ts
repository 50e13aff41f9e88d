import { create } from '@bufbuild/protobuf';
import { durationFromMs } from '@bufbuild/protobuf/wkt';
import { isTerminal, Stage, TaskState, VideoState } from '@cinematica/pipeline';
import type { Plan, TaskRecord, VideoRecord } from '@cinematica/pipeline';
import { ProgressSchema, Stage as PublicStage } from '@cinematica/protocol/v1';
import type { Progress } from '@cinematica/protocol/v1';

/** The current estimates for a video, which depend on the other videos. */
export interface QueueEstimate {
  /** How many videos are admitted before it; null when it does not wait. */
  readonly position: number | null;
  /** Seconds until it is done; null when unknown. */
  readonly seconds: number | null;
}

/** About what share of the time each stage takes, whatever the model. */
const WEIGHTS = [
  [Stage.ENCODE, 0.03],
  [Stage.DENOISE, 0.75],
  [Stage.DECODE, 0.18],
  [Stage.MUX, 0.04],
] as const;

const PUBLIC: Readonly<Record<number, PublicStage>> = {
  [Stage.UNSPECIFIED]: PublicStage.UNSPECIFIED,
  [Stage.ENCODE]: PublicStage.ENCODE,
  [Stage.DENOISE]: PublicStage.DENOISE,
  [Stage.DECODE]: PublicStage.DECODE,
  [Stage.MUX]: PublicStage.MUX,
};

export const publicStage = (stage: Stage): PublicStage => PUBLIC[stage] ?? PublicStage.UNSPECIFIED;

/** How far a video is; nothing of one that is finished. */
export function progressOf(record: VideoRecord, { position, seconds }: QueueEstimate): Progress | undefined {
  const { plan, tasks } = record;
  if (!plan || isTerminal(record)) return undefined;
  const waits = record.state === VideoState.QUEUED;
  // Decoding runs beside the denoising of what follows: of the two, what takes longer is told.
  const at = tasks.toSorted((a, b) => a.stage - b.stage).find(({ state }) => state !== TaskState.DONE);
  const stage = waits || !at ? Stage.UNSPECIFIED : at.stage;
  const ofStage = tasks.filter((task) => task.stage === stage);
  return create(ProgressSchema, {
    stage: publicStage(stage),
    step: sum(ofStage.map((task) => (task.state === TaskState.DONE ? stepsOf(plan, task) : task.step))),
    steps: sum(ofStage.map((task) => stepsOf(plan, task))),
    segment: at?.segment ?? 0,
    segments: plan.segments,
    ...(waits && position !== null ? { queuePosition: position } : {}),
    ...(seconds === null ? {} : { remaining: durationFromMs(Math.round(seconds * 1000)) }),
    fraction: sum(
      WEIGHTS.map(
        ([of, weight]) =>
          weight *
          share(
            plan,
            tasks.filter((task) => task.stage === of),
          ),
      ),
    ),
  });
}

/** Steps of a task: known from the plan before it begins, where they are the plan's. */
function stepsOf(plan: Plan, { stage, steps }: TaskRecord): number {
  if (steps > 0) return steps;
  if (stage === Stage.DENOISE) return plan.steps;
  return stage === Stage.DECODE ? plan.decodeChunks.length : 0;
}

/** What is done of tasks, 0 to 1. */
function share(plan: Plan, tasks: readonly TaskRecord[]): number {
  const parts = tasks.map((task) => {
    if (task.state === TaskState.DONE) return 1;
    const steps = stepsOf(plan, task);
    return steps > 0 ? Math.min(1, task.step / steps) : 0;
  });
  return tasks.length > 0 ? sum(parts) / tasks.length : 0;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
