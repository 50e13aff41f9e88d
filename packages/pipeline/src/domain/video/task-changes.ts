import { create } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { CheckpointSchema, FailureReason, FailureSchema, PipelineStage, TaskState, VideoState } from '../messages.ts';
import type { Artifact, TaskNotice, TaskRecord, VideoRecord } from '../messages.ts';
import { stageName } from '../stages.ts';
import { dueTasks, findTask, isActive, isTerminal, nextTasks, sameTask } from './routing.ts';
import type { TaskRef } from './routing.ts';
import { changed, unchanged } from '../ports/records.ts';
import type { Changed } from '../ports/records.ts';
import { describeFailure } from './describe-failure.ts';
import { toMilliseconds, timestampNow } from '../timestamps.ts';

/** The right to work on a task. It is lost once the record names another attempt or another claim. */
export interface Claim extends TaskRef {
  /** Identifies the claim; unique for each. */
  readonly worker: string;
  readonly attempt: number;
}

/** The claim no longer holds: another worker took the task over, or the video has ended. */
export class ClaimLostError extends Error {
  override readonly name = 'ClaimLostError';
  /** Whether another worker has the task now. */
  readonly takenOver: boolean;

  constructor(takenOver: boolean) {
    super(takenOver ? 'another worker has taken the task over' : 'the video was cancelled, deleted or has failed');
    this.takenOver = takenOver;
  }
}

/** The result of a task. */
export interface TaskResult {
  /** One artifact for each part. */
  readonly outputs: Artifact[];
  /** How the outputs differ from the plan. */
  readonly notices: TaskNotice[];
  /** What the outputs depend on beside the plan. */
  readonly fingerprint: string;
}

/** The outcome of an attempt to claim a task. */
export type ClaimOutcome =
  /** The task was claimed. */
  | { readonly kind: 'claimed'; readonly claim: Claim }
  /** Another worker has it, at least until this time (milliseconds since 1970). */
  | { readonly kind: 'held'; readonly until: number }
  /** It is done already. The tasks that follow may not have been published. */
  | { readonly kind: 'done' }
  /** There is nothing to do: the video has ended or is deleted, or the task's inputs do not exist. */
  | { readonly kind: 'idle' }
  /** The previous attempt was the last one: the video has failed. */
  | { readonly kind: 'failed' };

export interface ClaimOptions {
  /** Identifies the claim; unique for each. */
  readonly worker: string;
  /** Milliseconds after which the task may be claimed by another worker. */
  readonly lease: number;
  /** The number of consecutive failed attempts with which the video fails. */
  readonly maxFailures: number;
  /** Whether an expired lease counts as a failed attempt. It should not when the storage was unreachable. */
  readonly countSilence: boolean;
}

/** Why an attempt failed. */
export interface Problem {
  /** For the operator; the video's owner reads it too when `permanent` is set. */
  readonly message: string;
  readonly reason: FailureReason;
  /** Whether retrying cannot help. */
  readonly permanent: boolean;
}

const SILENCE: Problem = {
  message: 'the worker stopped renewing its lease: it was killed, ran out of memory or lost its connection',
  reason: FailureReason.STAGE_FAILED,
  permanent: false,
};

/** Claims a task. Only the outcomes 'claimed' and 'failed' have changed the record. */
export function claimTask(record: VideoRecord, ref: TaskRef, options: ClaimOptions): ClaimOutcome {
  const task = findTask(record, ref);
  if (!task) return { kind: 'idle' };
  if (task.state === TaskState.DONE) return { kind: 'done' };
  if (!isActive(record)) return { kind: 'idle' };
  if (task.state === TaskState.RUNNING) {
    // Our own write, whose outcome was unknown, did succeed.
    if (task.worker === options.worker) {
      return { kind: 'claimed', claim: { ...ref, worker: task.worker, attempt: task.attempt } };
    }
    const until = toMilliseconds(task.leaseTime);
    if (until > Date.now()) return { kind: 'held', until };
    if (options.countSilence && failAttempt(record, task, SILENCE, options.maxFailures)) return { kind: 'failed' };
  } else if (!dueTasks(record).some((due) => sameTask(due, ref))) {
    return { kind: 'idle' };
  }
  task.state = TaskState.RUNNING;
  task.attempt++;
  task.worker = options.worker;
  task.claimedStep = newestStep(task);
  task.step = task.claimedStep;
  task.startTime ??= timestampNow();
  extendLease(task, options.lease);
  return { kind: 'claimed', claim: { ...ref, worker: options.worker, attempt: task.attempt } };
}

/**
 * Finds the task of a claim.
 * @throws ClaimLostError
 */
export function claimedTask(record: VideoRecord, claim: Claim): TaskRecord {
  const task = findTask(record, claim);
  const mine = task?.state === TaskState.RUNNING && task.attempt === claim.attempt && task.worker === claim.worker;
  if (!mine) throw new ClaimLostError(isActive(record));
  if (!isActive(record)) throw new ClaimLostError(false);
  return task;
}

/**
 * Extends the lease, and records progress if there is any.
 * @throws ClaimLostError
 */
export function renewClaim(
  record: VideoRecord,
  claim: Claim,
  lease: number,
  progress?: { readonly step: number; readonly steps: number },
): void {
  const task = claimedTask(record, claim);
  if (progress) Object.assign(task, progress);
  extendLease(task, lease);
}

/** An older checkpoint is kept in case the newest one cannot be read. */
const CHECKPOINTS_KEPT = 2;

/**
 * Records a checkpoint, from which a later attempt resumes.
 * @throws ClaimLostError
 */
export function saveCheckpoint(
  record: VideoRecord,
  claim: Claim,
  lease: number,
  checkpoint: { readonly step: number; readonly artifacts: Artifact[]; readonly outputs: Artifact[] },
): void {
  const task = claimedTask(record, claim);
  const others = task.checkpoints.filter(({ step }) => step !== checkpoint.step);
  task.checkpoints = [create(CheckpointSchema, checkpoint), ...others].slice(0, CHECKPOINTS_KEPT);
  task.step = Math.max(task.step, checkpoint.step);
  extendLease(task, lease);
}

/**
 * Records the result of a task.
 * @returns the tasks that can begin now.
 * @throws ClaimLostError
 */
export function commitTask(record: VideoRecord, claim: Claim, result: TaskResult): TaskRef[] {
  const done = findTask(record, claim);
  // True when our own write, whose outcome was unknown, did succeed.
  const committed = done?.state === TaskState.DONE && done.attempt === claim.attempt && done.worker === claim.worker;
  if (!committed) {
    const task = claimedTask(record, claim);
    Object.assign(task, result, { state: TaskState.DONE, failures: 0, checkpoints: [], endTime: timestampNow() });
    task.step = task.steps;
    task.lastError = '';
    delete task.leaseTime;
    if (claim.stage === PipelineStage.MUX) {
      record.state = VideoState.DONE;
      record.endTime = timestampNow();
    }
  }
  return markReady(record, nextTasks(record, claim));
}

/** Releases a task without counting a failure. Changes nothing when the claim is lost or the video has ended. */
export function releaseTask(record: VideoRecord, claim: Claim): Changed<undefined> {
  if (isTerminal(record)) return unchanged();
  const task = findTask(record, claim);
  if (task?.state !== TaskState.RUNNING || task.attempt !== claim.attempt || task.worker !== claim.worker) {
    return unchanged();
  }
  freeTask(task);
  return changed();
}

/**
 * Records a failed attempt. The video fails with the last one, or immediately when the problem is permanent.
 * @returns whether the video has failed.
 * @throws ClaimLostError
 */
export function failClaim(record: VideoRecord, claim: Claim, problem: Problem, maxFailures: number): boolean {
  // Our own write, whose outcome was unknown, did succeed.
  if (record.state === VideoState.FAILED && record.failure?.stage === claim.stage) return true;
  const task = claimedTask(record, claim);
  freeTask(task);
  if (problem.permanent) failVideo(record, task, problem);
  else failAttempt(record, task, problem, maxFailures);
  return record.state === VideoState.FAILED;
}

/**
 * Invalidates an input that is missing: the task that made it has to make it again, and the claimed task waits. The video
 * fails when the photo is missing, or when the same input was made `maxRemakes` times already.
 * @throws ClaimLostError
 */
export function invalidateInput(record: VideoRecord, claim: Claim, missing: Artifact, maxRemakes: number): void {
  const task = claimedTask(record, claim);
  freeTask(task);
  const again = 'Please try again with the photo.';
  if (missing.name === record.photo?.name) {
    failVideo(record, task, lost(`The video can't be made: its photo is lost. ${again}`));
    return;
  }
  const maker = record.tasks.find(({ outputs }) => outputs.some(({ name }) => name === missing.name));
  // Another task that needs it has invalidated it already.
  if (!maker) return;
  const name = stageName(maker.stage);
  if (maker.remakes >= maxRemakes) {
    failVideo(
      record,
      task,
      lost(`The video can't be made: what the ${name} stage makes is lost again and again. ${again}`),
    );
    return;
  }
  freeTask(maker);
  maker.outputs = [];
  maker.remakes++;
  delete maker.endTime;
  if (!dueTasks(record).some((due) => sameTask(due, claim))) task.state = TaskState.WAITING;
}

/** Marks waiting tasks as ready for a worker. @returns all given tasks. */
export function markReady(record: VideoRecord, refs: TaskRef[]): TaskRef[] {
  for (const ref of refs) {
    const task = findTask(record, ref);
    if (task?.state !== TaskState.WAITING) continue;
    task.state = TaskState.READY;
    task.readyTime = timestampNow();
  }
  return refs;
}

const newestStep = (task: TaskRecord): number => task.checkpoints[0]?.step ?? 0;

function freeTask(task: TaskRecord): void {
  task.state = TaskState.READY;
  task.worker = '';
  task.readyTime = timestampNow();
  delete task.leaseTime;
}

const lost = (message: string): Problem => ({ message, reason: FailureReason.DATA_LOST, permanent: false });

/**
 * Counts a failed attempt. The count starts again at 1 after an attempt that has saved a checkpoint.
 * @returns whether it was the last attempt.
 */
function failAttempt(record: VideoRecord, task: TaskRecord, problem: Problem, maxFailures: number): boolean {
  task.failures = newestStep(task) > task.claimedStep ? 1 : task.failures + 1;
  task.lastError = problem.message;
  if (task.failures < maxFailures) return false;
  freeTask(task);
  failVideo(record, task, { ...problem, message: describeFailure(problem.reason, task) });
  // The operator needs the original message, which the owner is not shown.
  task.lastError = problem.message;
  return true;
}

function failVideo(record: VideoRecord, task: TaskRecord, { message, reason, permanent }: Problem): void {
  record.state = VideoState.FAILED;
  record.endTime = timestampNow();
  record.failure = create(FailureSchema, { stage: task.stage, segment: task.segment, message, reason, permanent });
  task.lastError = message;
}

function extendLease(task: TaskRecord, lease: number): void {
  task.leaseTime = timestampFromMs(Date.now() + lease);
}
