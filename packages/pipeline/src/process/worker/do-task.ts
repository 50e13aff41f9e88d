import { UnavailableError } from '../../domain/errors.ts';
import { TaskNotice } from '../../domain/messages.ts';
import type { Task } from '../../domain/messages.ts';
import { changed, UnknownVideoError } from '../../domain/ports/records.ts';
import type { StoredRecord, Updated } from '../../domain/ports/records.ts';
import { stageName } from '../../domain/stages.ts';
import { toMilliseconds } from '../../domain/timestamps.ts';
import { findTask, nameOf, nextTasks } from '../../domain/video/routing.ts';
import type { TaskRef } from '../../domain/video/routing.ts';
import { claimTask, commitTask } from '../../domain/video/task-changes.ts';
import type { Claim, ClaimOutcome, TaskResult } from '../../domain/video/task-changes.ts';
import { describeError } from '../../telemetry/log.ts';
import { describeSpan } from '../../telemetry/trace.ts';
import { deadLetter, endAttempt, reportFailedVideo } from './end-attempt.ts';
import { runClaimed } from './run-claimed.ts';
import { StageHungError } from './stage-errors.ts';
import { progressDeadline } from './progress-deadline.ts';
import { createTaskLease } from './task-lease.ts';
import type { TaskLease } from './task-lease.ts';
import { ACK, nak } from './verdict.ts';
import type { Verdict } from './verdict.ts';
import type { TaskOptions } from './worker-options.ts';

/** The name of a notice in metrics. */
const noticeName = (notice: TaskNotice): string => NOTICE_NAMES[notice] ?? `unknown_${notice}`;

const NOTICE_NAMES: Readonly<Partial<Record<TaskNotice, string>>> = {
  [TaskNotice.NOT_FINISHED]: 'not_finished',
  [TaskNotice.NOT_MARKED]: 'not_marked',
  [TaskNotice.NOT_SIGNED]: 'not_signed',
};

/** A task message, and how this worker handles it. */
export interface TaskRun {
  readonly task: Task;
  /** Identifies the claim that the worker tries to make; unique for each. */
  readonly claimId: string;
  /** Whether a worker whose lease expired counts as a failed attempt. */
  readonly countSilence: boolean;
  /** Called regularly while the task runs, so that its message is not delivered again. */
  readonly heartbeat: () => void;
  /** Aborted with DrainingError when the process shuts down. */
  readonly draining: AbortSignal;
  /** Called with the lease, so that a nudge can reach it, and with null when the task has ended. */
  readonly onLease: (lease: TaskLease | null) => void;
}

/**
 * Handles a task message as far as the record asks for it: claims the task, runs the stage, stores the artifacts, commits
 * the result to the record, and publishes the tasks that follow. After a crash in between, the message is delivered again
 * or the reconciler publishes the task again.
 * @throws StageHungError
 */
export async function doTask(options: TaskOptions, run: TaskRun): Promise<Verdict> {
  const { tasks, settings, metrics } = options;
  const ref: TaskRef = { stage: run.task.stage, segment: run.task.segment };
  let claimed: Updated<ClaimOutcome>;
  try {
    claimed = await claim(options, run, ref);
  } catch (error) {
    if (error instanceof UnknownVideoError) return ACK;
    if (error instanceof UnavailableError) return nak(settings.RETRY_DELAY_MS);
    throw error;
  }
  const { stored, result: outcome } = claimed;
  const { record } = stored;
  switch (outcome.kind) {
    case 'held':
      return nak(Math.max(100, outcome.until - Date.now()) + Math.random() * 100);
    case 'done':
      // The worker that committed it may have died before it published the next tasks.
      await tasks.publish(record, nextTasks(record, ref));
      return ACK;
    case 'idle': {
      // The worker that failed the video may have died before it stored the dead letter.
      const failedHere = record.failure?.stage === ref.stage && record.failure.segment === ref.segment;
      return failedHere ? deadLetter(options, record, ref) : ACK;
    }
    case 'failed':
      return reportFailedVideo(options, record, ref, findTask(record, ref)?.lastError);
    case 'claimed': {
      const waited = Date.now() - toMilliseconds(findTask(record, ref)?.readyTime);
      metrics.queueSeconds.observe({ stage: stageName(ref.stage) }, waited / 1000);
      return runAttempt(options, run, stored, outcome.claim);
    }
  }
}

function claim(
  { records, settings }: TaskOptions,
  { task, claimId, countSilence }: TaskRun,
  ref: TaskRef,
): Promise<Updated<ClaimOutcome>> {
  const claimOptions = {
    worker: claimId,
    lease: settings.ACK_WAIT_MS,
    maxFailures: settings.MAX_FAILURES,
    countSilence,
  };
  return records.update(task, (record) => {
    const outcome = claimTask(record, ref, claimOptions);
    return { changed: outcome.kind === 'claimed' || outcome.kind === 'failed', result: outcome };
  });
}

async function runAttempt(
  options: TaskOptions,
  { task, heartbeat, draining, onLease }: TaskRun,
  claimed: StoredRecord,
  claim: Claim,
): Promise<Verdict> {
  const { records, settings, metrics, log } = options;
  const lease = createTaskLease({
    records,
    claimed,
    claim,
    duration: settings.ACK_WAIT_MS,
    progressDeadline: progressDeadline(claimed.record, claim.stage, settings.PROGRESS_DEADLINE_MS),
    heartbeat,
    log,
  });
  onLease(lease);
  const stopTimer = metrics.stageSeconds.startTimer({ stage: stageName(claim.stage) });
  try {
    const work = runClaimed(options, { record: claimed.record, claim, lease, draining });
    const result = await untilStopped(work, lease.signal, settings.STOP_GRACE_MS);
    lease.signal.throwIfAborted();
    await commit(options, lease, claim, result);
    stopTimer({ outcome: 'done' });
    describeSpan({ 'cinematica.attempt': claim.attempt, 'cinematica.outcome': 'done' });
    return ACK;
  } catch (error) {
    const { verdict, outcome } = await endAttempt(options, task, claim, causeOf(error, lease.signal, draining));
    stopTimer({ outcome });
    describeSpan({ 'cinematica.attempt': claim.attempt, 'cinematica.outcome': outcome }, outcome === 'failed');
    const fields = { video: task.videoId, task: nameOf(claim), outcome, reason: describeError(error) };
    log.warn('attempt ended without a result', fields);
    if (error instanceof StageHungError) throw error;
    return verdict;
  } finally {
    onLease(null);
    await lease.end();
  }
}

/** Why an attempt ended: the reason of the signal that stopped the stage, if one did. */
function causeOf(error: unknown, lease: AbortSignal, draining: AbortSignal): unknown {
  if (lease.aborted) return lease.reason;
  const stoppedByDraining = draining.aborted && error instanceof Error && error.name === 'AbortError';
  return stoppedByDraining ? draining.reason : error;
}

/**
 * Waits for the work. Once the signal is aborted, the work has `grace` milliseconds to stop.
 * @throws StageHungError
 */
async function untilStopped<T>(work: Promise<T>, signal: AbortSignal, grace: number): Promise<T> {
  const late = Promise.withResolvers<never>();
  let timer: NodeJS.Timeout | undefined;
  const start = () => {
    timer = setTimeout(() => late.reject(new StageHungError('the stage did not stop when it was aborted')), grace);
  };
  signal.addEventListener('abort', start, { once: true });
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    signal.removeEventListener('abort', start);
    clearTimeout(timer);
    // Nobody handles a late error of a stage that hung.
    work.catch(() => undefined);
  }
}

async function commit(
  { tasks, metrics }: TaskOptions,
  lease: TaskLease,
  claim: Claim,
  result: TaskResult,
): Promise<void> {
  const { stored, result: next } = await lease.update((record) => changed(commitTask(record, claim, result)));
  if (stored.record.endTime) metrics.videos.inc({ outcome: 'done' });
  for (const notice of result.notices) metrics.notices.inc({ notice: noticeName(notice) });
  await tasks.publish(stored.record, next);
}
