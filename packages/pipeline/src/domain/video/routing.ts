import { PipelineStage, TaskState, VideoState } from '../messages.ts';
import type { TaskRecord, VideoRecord } from '../messages.ts';

/** Identifies a task of a video. */
export interface TaskRef {
  readonly stage: PipelineStage;
  readonly segment: number;
}

export const sameTask = (a: TaskRef, b: TaskRef): boolean => a.stage === b.stage && a.segment === b.segment;

/** The parts of a plan that decide which tasks it has. */
export interface TaskPlan {
  readonly segments: number;
  /** The videos that are joined to one file. Such a plan has only the task of the muxer. */
  readonly join?: readonly string[];
}

/** All tasks of a plan, ordered so that each follows its dependencies. */
export function planTasks({ segments, join = [] }: TaskPlan): TaskRef[] {
  if (join.length > 0) return [{ stage: PipelineStage.MUX, segment: 0 }];
  const each = Array.from({ length: segments }, (_, segment) => segment);
  return [
    { stage: PipelineStage.ENCODE, segment: 0 },
    ...each.flatMap((segment) => [
      { stage: PipelineStage.DENOISE, segment },
      { stage: PipelineStage.DECODE, segment },
    ]),
    { stage: PipelineStage.MUX, segment: 0 },
  ];
}

/** The tasks whose outputs a task needs: encode → denoise 0 → { decode 0, denoise 1 } → …; mux needs every decode. */
export function dependencies({ segments, join = [] }: TaskPlan, { stage, segment }: TaskRef): TaskRef[] {
  if (join.length > 0) return [];
  switch (stage) {
    case PipelineStage.DENOISE: {
      const encode = { stage: PipelineStage.ENCODE, segment: 0 };
      return segment === 0 ? [encode] : [encode, { stage: PipelineStage.DENOISE, segment: segment - 1 }];
    }
    case PipelineStage.DECODE:
      return [{ stage: PipelineStage.DENOISE, segment }];
    case PipelineStage.MUX:
      return Array.from({ length: segments }, (_, each) => ({ stage: PipelineStage.DECODE, segment: each }));
    case PipelineStage.ENCODE:
    case PipelineStage.UNSPECIFIED:
    default:
      return [];
  }
}

/** Whether a video has tasks to do: it was admitted, and has neither ended nor been deleted. */
export const isActive = ({ state, purgeTime }: VideoRecord): boolean =>
  state === VideoState.RUNNING && purgeTime === undefined;

/** Whether a video has ended: it is done, failed or cancelled. */
export const isTerminal = ({ state }: VideoRecord): boolean =>
  state === VideoState.DONE || state === VideoState.FAILED || state === VideoState.CANCELLED;

export const findTask = (record: VideoRecord, ref: TaskRef): TaskRecord | undefined =>
  record.tasks.find((task) => sameTask(task, ref));

/** The tasks whose inputs exist and whose result does not. Some of them may be running. */
export function dueTasks(record: VideoRecord): TaskRef[] {
  const { plan } = record;
  if (!plan || !isActive(record)) return [];
  const done = new Set(record.tasks.filter(({ state }) => state === TaskState.DONE).map(nameOf));
  return planTasks(plan).filter(
    (task) => !done.has(nameOf(task)) && dependencies(plan, task).every((needed) => done.has(nameOf(needed))),
  );
}

/** The due tasks that depend on a task that is done; none unless the video is active. */
export function nextTasks(record: VideoRecord, done: TaskRef): TaskRef[] {
  const { plan } = record;
  if (!plan) return [];
  return dueTasks(record).filter((task) => dependencies(plan, task).some((needed) => sameTask(needed, done)));
}

/** A task's name in message ids and logs: `<stage>/<segment>`. */
export const nameOf = ({ stage, segment }: TaskRef): string => `${stage}/${segment}`;
