import type { NatsConnection } from '@nats-io/transport-node';
import { MissingArtifactError } from '../artifacts/artifacts.ts';
import type { Artifacts } from '../artifacts/artifacts.ts';
import { describeError } from '../log.ts';
import type { Log } from '../log.ts';
import { FailureReason } from '../messages.ts';
import type { Task } from '../messages.ts';
import { stageName } from '../names.ts';
import { UnknownVideoError } from '../records/records.ts';
import type { Records, StoredRecord } from '../records/records.ts';
import { claimTask, ClaimLostError, commitTask, failClaim, releaseTask, remakeInput } from '../records/task-changes.ts';
import type { Claim, ClaimOutcome } from '../records/task-changes.ts';
import { milliseconds } from '../records/time.ts';
import { findTask, nameOf, nextTasks } from '../routing.ts';
import type { TaskRef } from '../routing.ts';
import type { PipelineSettings } from '../settings.ts';
import type { TaskQueue } from '../tasks.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { describeSpan } from '../telemetry/trace.ts';
import { UnavailableError } from '../unavailable.ts';
import { createHold } from './hold.ts';
import type { Hold } from './hold.ts';
import { runClaimed } from './run-claimed.ts';
import { DrainingError, StageError, UnusableInputError } from './stage.ts';
import type { Stage } from './stage.ts';

/** What a worker works with. */
export interface WorkerParts {
  readonly nats: NatsConnection;
  readonly records: Records;
  readonly artifacts: Artifacts;
  readonly tasks: TaskQueue;
  readonly settings: PipelineSettings;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** What is to become of the message. */
export type Verdict =
  /** It has served. */
  | { readonly kind: 'ack' }
  /** It is to come again after this many milliseconds. */
  | { readonly kind: 'again'; readonly delay: number }
  /** It may be in someone else's hands: an ack of ours would take it from them. */
  | { readonly kind: 'leave' };

export interface TaskRun {
  readonly task: Task;
  /** Another one for each claim. */
  readonly worker: string;
  /** Whether a holder that fell silent counts as a failed attempt. */
  readonly countSilence: boolean;
  readonly working: () => void;
  readonly draining: AbortSignal;
  /** Told of the hold, so that a nudge can reach it; null when it is over. */
  readonly onHold: (hold: Hold | null) => void;
}

const ACK: Verdict = { kind: 'ack' };

/**
 * Does what a message hints at, as far as the record says that it is to be done: claim → compute → artifacts →
 * compare-and-set → what follows. Every crash in between is mended by the message coming again, or by the reconciler.
 */
export async function doTask(stage: Stage, parts: WorkerParts, run: TaskRun): Promise<Verdict> {
  const { records, tasks, settings, metrics, log } = parts;
  const { task, worker, countSilence } = run;
  const name = stageName(task.stage);
  const ref: TaskRef = { stage: task.stage, segment: task.segment };

  let outcome: ClaimOutcome = { kind: 'idle' };
  let stored: StoredRecord;
  try {
    const options = { worker, lease: settings.ACK_WAIT_MS, maxFailures: settings.MAX_FAILURES, countSilence };
    stored = await records.update(task, (record) => {
      outcome = claimTask(record, ref, options);
      return outcome.kind === 'claimed' || outcome.kind === 'failed';
    });
  } catch (error) {
    if (error instanceof UnknownVideoError) return ACK;
    if (error instanceof UnavailableError) return { kind: 'again', delay: settings.RETRY_DELAY_MS };
    throw error;
  }
  // What the closure above assigned.
  const claimed = outcome as ClaimOutcome;
  const { record } = stored;
  switch (claimed.kind) {
    case 'held':
      return { kind: 'again', delay: Math.max(100, claimed.until - Date.now()) + Math.random() * 100 };
    case 'done':
      await tasks.publish(record, nextTasks(record, ref));
      return ACK;
    case 'idle':
      // A failure that was committed, but perhaps not kept for people.
      return record.failure?.stage === ref.stage && record.failure.segment === ref.segment
        ? bury(parts, stored, ref)
        : ACK;
    case 'failed':
      metrics.videos.inc({ outcome: 'failed' });
      return bury(parts, stored, ref);
    case 'claimed':
      break;
  }

  const { claim } = claimed;
  metrics.queueSeconds.observe({ stage: name }, (Date.now() - milliseconds(findTask(record, ref)?.readyTime)) / 1000);
  const lease = settings.ACK_WAIT_MS;
  const hold = createHold({
    records,
    claimed: stored,
    claim,
    lease,
    progressDeadline: settings.PROGRESS_DEADLINE_MS,
    working: run.working,
    log,
  });
  run.onHold(hold);
  const timer = metrics.stageSeconds.startTimer({ stage: name });
  try {
    const { nats, artifacts } = parts;
    const context = { nats, artifacts, metrics, record, claim, hold, lease, draining: run.draining };
    const outputs = await untilGivenUp(runClaimed(stage, context), hold.signal, settings.STOP_GRACE_MS);
    hold.signal.throwIfAborted();
    await commit(parts, hold, claim, { outputs, fingerprint: stage.fingerprint });
    timer({ outcome: 'done' });
    describeSpan({ 'cinematica.attempt': claim.attempt, 'cinematica.outcome': 'done' });
    return ACK;
  } catch (error) {
    const { verdict, outcome } = await giveUp(parts, task, claim, reasonOf(error, hold.signal, run.draining));
    timer({ outcome });
    describeSpan({ 'cinematica.attempt': claim.attempt, 'cinematica.outcome': outcome }, outcome === 'failed');
    log.warn('an attempt ended', { video: task.videoId, task: nameOf(ref), outcome, reason: describeError(error) });
    if (error instanceof StageHungError) throw error;
    return verdict;
  } finally {
    run.onHold(null);
    await hold.end();
  }
}

/** Why an attempt ended: what told the stage to stop, where something did. */
function reasonOf(error: unknown, held: AbortSignal, draining: AbortSignal): unknown {
  if (held.aborted) return held.reason;
  const stopped = draining.aborted && error instanceof Error && error.name === 'AbortError';
  return stopped ? draining.reason : error;
}

/** A stage does not stop when it is told to: its process is of no more use, and ends. */
export class StageHungError extends Error {
  override readonly name = 'StageHungError';
}

/** What the stage gives; but once it was told to stop, it has `grace` milliseconds to do so. */
async function untilGivenUp<T>(work: Promise<T>, signal: AbortSignal, grace: number): Promise<T> {
  const late = Promise.withResolvers<never>();
  let timer: NodeJS.Timeout | undefined;
  const start = () => {
    timer = setTimeout(() => late.reject(new StageHungError('the stage does not stop when it is told to')), grace);
  };
  signal.addEventListener('abort', start, { once: true });
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    signal.removeEventListener('abort', start);
    clearTimeout(timer);
    // Whatever comes of it later is nobody's any more.
    work.catch(() => undefined);
  }
}

async function commit(
  { tasks, metrics }: WorkerParts,
  hold: Hold,
  claim: Claim,
  result: Parameters<typeof commitTask>[2],
): Promise<void> {
  let next: TaskRef[] = [];
  const { record } = await hold.update((now) => {
    next = commitTask(now, claim, result);
  });
  if (record.endTime) metrics.videos.inc({ outcome: 'done' });
  await tasks.publish(record, next);
}

/** Ends an attempt that has no result. */
async function giveUp(
  parts: WorkerParts,
  task: Task,
  claim: Claim,
  error: unknown,
): Promise<{ verdict: Verdict; outcome: string }> {
  const { records, settings, metrics, log } = parts;
  const retry = settings.RETRY_DELAY_MS;
  try {
    if (error instanceof ClaimLostError) {
      // Deleted, but it may be brought back: then the task must be free.
      if (!error.takenOver) await records.update(task, (record) => releaseTask(record, claim));
      return { verdict: error.takenOver ? { kind: 'leave' } : ACK, outcome: 'lost' };
    }
    if (error instanceof DrainingError || error instanceof UnavailableError) {
      await records.update(task, (record) => releaseTask(record, claim));
      const delay = error instanceof DrainingError ? 0 : retry;
      return { verdict: { kind: 'again', delay }, outcome: 'released' };
    }
    if (error instanceof MissingArtifactError) {
      const { artifact } = error;
      const { record } = await records.update(task, (now) => remakeInput(now, claim, artifact, settings.MAX_REMAKES));
      // The reconciler tells those who have to make it again: a worker may not write to a queue before its own.
      if (record.failure) return { verdict: await bury(parts, { record, revision: 0 }, claim), outcome: 'failed' };
      return { verdict: { kind: 'again', delay: retry }, outcome: 'remake' };
    }
    const problem = {
      message: describeForPeople(error),
      reason: error instanceof StageError ? error.reason : FailureReason.STAGE_FAILED,
      permanent: error instanceof UnusableInputError,
    };
    const stored = await records.update(task, (record) => {
      failClaim(record, claim, problem, settings.MAX_FAILURES);
    });
    const failures = findTask(stored.record, claim)?.failures ?? 1;
    if (!stored.record.failure) {
      const delay = retry * 2 ** (failures - 1) * (0.75 + Math.random() / 2);
      return { verdict: { kind: 'again', delay }, outcome: 'failed' };
    }
    metrics.videos.inc({ outcome: 'failed' });
    log.error('a video failed', error, { video: task.videoId });
    return { verdict: await bury(parts, stored, claim, detailOf(error)), outcome: 'failed' };
  } catch (second) {
    if (second instanceof ClaimLostError) return { verdict: { kind: 'leave' }, outcome: 'lost' };
    if (second instanceof UnknownVideoError) return { verdict: ACK, outcome: 'lost' };
    // NATS is away: the lease runs out, and the message comes again.
    if (second instanceof UnavailableError) return { verdict: { kind: 'leave' }, outcome: 'lost' };
    throw second;
  }
}

/** Keeps what failed for people to look at; the message goes only once that is done. */
async function bury(parts: WorkerParts, { record }: StoredRecord, ref: TaskRef, detail?: string): Promise<Verdict> {
  try {
    await parts.tasks.bury(record, ref, detail ?? record.failure?.message ?? '');
    return ACK;
  } catch (error) {
    if (error instanceof UnavailableError) return { kind: 'again', delay: parts.settings.RETRY_DELAY_MS };
    throw error;
  }
}

const detailOf = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? describeError(error)) : String(error);

/** The message of an error, without where it came from. */
const describeForPeople = (error: unknown): string => (error instanceof Error ? error.message : String(error));
