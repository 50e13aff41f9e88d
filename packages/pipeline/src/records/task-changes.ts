import { create } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { CheckpointSchema, FailureReason, FailureSchema, Stage, TaskState, VideoState } from '../messages.ts';
import type { Artifact, TaskRecord, VideoRecord } from '../messages.ts';
import { stageName } from '../names.ts';
import { dueTasks, findTask, isActive, isTerminal, nextTasks, sameTask } from '../routing.ts';
import type { TaskRef } from '../routing.ts';
import { describeFailure } from './describe-failure.ts';
import { milliseconds, timestampNow } from './time.ts';

/** The right to work on a task: whoever finds another attempt in the record has lost it. */
export interface Claim extends TaskRef {
  /** Another one for each claim. */
  readonly worker: string;
  readonly attempt: number;
}

/** The task is no longer the claimer's: someone else took it over, or nothing is to be done for the video any more. */
export class ClaimLostError extends Error {
  override readonly name = 'ClaimLostError';
  /** Whether someone else works on it now. */
  readonly takenOver: boolean;

  constructor(takenOver: boolean) {
    super(takenOver ? 'another worker has taken the task over' : 'the video was cancelled, deleted or has failed');
    this.takenOver = takenOver;
  }
}

/** What came of asking for a task. */
export type ClaimOutcome =
  /** It is the asker's. */
  | { readonly kind: 'claimed'; readonly claim: Claim }
  /** Someone holds it, until this moment at least (milliseconds since 1970). */
  | { readonly kind: 'held'; readonly until: number }
  /** Its result is there already: what follows may not have been told. */
  | { readonly kind: 'done' }
  /** There is nothing to do: the video is finished, deleted or gone, or the task's inputs are not there. */
  | { readonly kind: 'idle' }
  /** This was one attempt too many: the video has failed. */
  | { readonly kind: 'failed' };

export interface ClaimOptions {
  readonly worker: string;
  /** How long a holder that says nothing is taken to be alive, milliseconds. */
  readonly lease: number;
  readonly maxFailures: number;
  /** Whether a holder that fell silent counts as a failed attempt: not where NATS was away in the meantime. */
  readonly countSilence: boolean;
}

/** Why an attempt ended without a result. */
export interface Problem {
  /** For whoever runs the system; for people too where it is permanent. */
  readonly message: string;
  readonly reason: FailureReason;
  /** Whether trying again can't help. */
  readonly permanent: boolean;
}

const SILENCE: Problem = {
  message: 'the worker stopped without a word: it was killed, ran out of memory or was cut off',
  reason: FailureReason.STAGE_FAILED,
  permanent: false,
};

/** Claims a task. @returns what came of it; only 'claimed' and 'failed' have changed the record. */
export function claimTask(record: VideoRecord, ref: TaskRef, options: ClaimOptions): ClaimOutcome {
  const task = findTask(record, ref);
  if (!task) return { kind: 'idle' };
  if (task.state === TaskState.DONE) return { kind: 'done' };
  if (!isActive(record)) return { kind: 'idle' };
  if (task.state === TaskState.RUNNING) {
    // A write of ours whose outcome was unknown did happen.
    if (task.worker === options.worker) {
      return { kind: 'claimed', claim: { ...ref, worker: task.worker, attempt: task.attempt } };
    }
    const until = milliseconds(task.leaseTime);
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
 * The task of a claim, as long as it holds.
 * @throws ClaimLostError
 */
export function claimedTask(record: VideoRecord, claim: Claim): TaskRecord {
  const task = findTask(record, claim);
  const mine = task?.state === TaskState.RUNNING && task.attempt === claim.attempt && task.worker === claim.worker;
  if (!mine) throw new ClaimLostError(isActive(record));
  if (!isActive(record)) throw new ClaimLostError(false);
  return task;
}

/** Progress and a sign of life at once. */
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

/** Older checkpoints are kept for when the newest one can't be read. */
const CHECKPOINTS_KEPT = 2;

/** Keeps a state to go on from. */
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
 * The commit: the result counts from here on.
 * @returns the tasks that can begin now.
 */
export function commitTask(
  record: VideoRecord,
  claim: Claim,
  result: { readonly outputs: Artifact[]; readonly fingerprint: string },
): TaskRef[] {
  const done = findTask(record, claim);
  // A write of ours whose outcome was unknown did happen.
  const committed = done?.state === TaskState.DONE && done.attempt === claim.attempt && done.worker === claim.worker;
  if (!committed) {
    const task = claimedTask(record, claim);
    Object.assign(task, result, { state: TaskState.DONE, failures: 0, checkpoints: [], endTime: timestampNow() });
    task.step = task.steps;
    task.lastError = '';
    delete task.leaseTime;
    if (claim.stage === Stage.MUX) {
      record.state = VideoState.DONE;
      record.endTime = timestampNow();
    }
  }
  return markReady(record, nextTasks(record, claim));
}

/** Gives a task back as it is: nothing was wrong with it. Nothing changes in a video that has ended. */
export function releaseTask(record: VideoRecord, claim: Claim): boolean {
  if (isTerminal(record)) return false;
  const task = findTask(record, claim);
  if (task?.state !== TaskState.RUNNING || task.attempt !== claim.attempt || task.worker !== claim.worker) return false;
  freeTask(task);
  return true;
}

/**
 * Ends an attempt that went wrong; the video fails with the last one, or at once where trying again can't help.
 * @returns whether the video has failed.
 */
export function failClaim(record: VideoRecord, claim: Claim, problem: Problem, maxFailures: number): boolean {
  // A write of ours whose outcome was unknown did happen.
  if (record.state === VideoState.FAILED && record.failure?.stage === claim.stage) return true;
  const task = claimedTask(record, claim);
  freeTask(task);
  if (problem.permanent) failVideo(record, task, problem);
  else failAttempt(record, task, problem, maxFailures);
  return record.state === VideoState.FAILED;
}

/**
 * An input of a claimed task is gone: whoever made it has to make it again, and the task waits. The video fails where
 * the photo itself is gone, or where it happens for ever.
 */
export function remakeInput(record: VideoRecord, claim: Claim, missing: Artifact, maxRemakes: number): void {
  const task = claimedTask(record, claim);
  freeTask(task);
  const again = 'Please try again with the photo.';
  if (missing.name === record.photo?.name) {
    failVideo(record, task, lost(`The video can't be made: its photo is lost. ${again}`));
    return;
  }
  const maker = record.tasks.find(({ outputs }) => outputs.some(({ name }) => name === missing.name));
  // Another task that needs it has asked already.
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

/** Marks tasks as ready for a worker. @returns them. */
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

/** Counts an attempt; one that got on since it began starts the count anew. @returns whether it was one too many. */
function failAttempt(record: VideoRecord, task: TaskRecord, problem: Problem, maxFailures: number): boolean {
  task.failures = newestStep(task) > task.claimedStep ? 1 : task.failures + 1;
  task.lastError = problem.message;
  if (task.failures < maxFailures) return false;
  freeTask(task);
  failVideo(record, task, { ...problem, message: describeFailure(problem.reason, task) });
  // Whoever looks into it needs to know more than the video's owner.
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
