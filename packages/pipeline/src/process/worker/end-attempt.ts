import { isNoSpace, UnavailableError } from '../../domain/errors.ts';
import { FailureReason } from '../../domain/messages.ts';
import type { VideoRecord } from '../../domain/messages.ts';
import { MissingArtifactError } from '../../domain/ports/artifacts.ts';
import { changed, UnknownVideoError } from '../../domain/ports/records.ts';
import type { VideoRef } from '../../domain/ports/records.ts';
import { stageName } from '../../domain/stages.ts';
import { findTask, nameOf } from '../../domain/video/routing.ts';
import type { TaskRef } from '../../domain/video/routing.ts';
import { ClaimLostError, failClaim, invalidateInput, releaseTask } from '../../domain/video/task-changes.ts';
import type { Claim } from '../../domain/video/task-changes.ts';
import { describeError } from '../../telemetry/log.ts';
import { DrainingError, StageError, UnusableInputError } from './stage-errors.ts';
import { ABANDON, ACK, nak } from './verdict.ts';
import type { Verdict } from './verdict.ts';
import type { TaskOptions } from './worker-options.ts';

/** How an attempt without a result ended. The outcome is the label of `cinematica_stage_duration_seconds`. */
export interface Ending {
  readonly verdict: Verdict;
  readonly outcome: 'lost' | 'released' | 'remake' | 'failed';
}

interface Attempt {
  readonly options: TaskOptions;
  readonly video: VideoRef;
  readonly claim: Claim;
}

type Rule = (attempt: Attempt, error: unknown) => Promise<Ending> | null;

/** A rule for one class of errors. */
const on =
  <E extends Error>(
    errorClass: abstract new (...args: never[]) => E,
    end: (attempt: Attempt, error: E) => Promise<Ending>,
  ): Rule =>
  (attempt, error) =>
    error instanceof errorClass ? end(attempt, error) : null;

const LOST_AND_ABANDONED: Ending = { verdict: ABANDON, outcome: 'lost' };
const LOST_AND_DROPPED: Ending = { verdict: ACK, outcome: 'lost' };

/** The time until a task is tried again after no space was left, as a multiple of `RETRY_DELAY_MS`. */
const NO_SPACE_DELAYS = 5;

/** A full device is no fault of the video: the task waits until there is space, and no attempt is counted as failed. */
const waitForSpace: Rule = (attempt, error) => (isNoSpace(error) ? releaseForSpace(attempt, error) : null);

/** What each error does to the record, to the message and to the metrics. The first rule that matches applies. */
const RULES: readonly Rule[] = [
  on(ClaimLostError, async (attempt, { takenOver }) => {
    if (takenOver) return LOST_AND_ABANDONED;
    // A deleted video may be restored. Its task must be free then.
    await release(attempt);
    return LOST_AND_DROPPED;
  }),
  on(DrainingError, async (attempt) => {
    await release(attempt);
    return { verdict: nak(0), outcome: 'released' };
  }),
  waitForSpace,
  on(UnavailableError, async (attempt) => {
    await release(attempt);
    return { verdict: nak(attempt.options.settings.RETRY_DELAY_MS), outcome: 'released' };
  }),
  on(MissingArtifactError, invalidate),
  (attempt, error) => fail(attempt, error),
];

/** What an error does that occurs while an attempt is being ended. */
const SECOND_RULES: readonly Rule[] = [
  on(ClaimLostError, () => Promise.resolve(LOST_AND_ABANDONED)),
  on(UnknownVideoError, () => Promise.resolve(LOST_AND_DROPPED)),
  // The lease expires, and the message is delivered again.
  on(UnavailableError, () => Promise.resolve(LOST_AND_ABANDONED)),
];

/**
 * Ends an attempt that has no result.
 * @param error what ended it.
 */
export async function endAttempt(options: TaskOptions, video: VideoRef, claim: Claim, error: unknown): Promise<Ending> {
  const attempt = { options, video, claim };
  try {
    return await apply(RULES, attempt, error);
  } catch (second) {
    return apply(SECOND_RULES, attempt, second);
  }
}

async function apply(rules: readonly Rule[], attempt: Attempt, error: unknown): Promise<Ending> {
  for (const rule of rules) {
    const ending = rule(attempt, error);
    if (ending) return ending;
  }
  throw error;
}

async function release({ options, video, claim }: Attempt): Promise<void> {
  await options.records.update(video, (record) => releaseTask(record, claim));
}

async function releaseForSpace(attempt: Attempt, error: unknown): Promise<Ending> {
  const { options, video, claim } = attempt;
  const { metrics, log, settings } = options;
  metrics.noSpace.inc({ stage: stageName(claim.stage) });
  log.error('no space left on device: the task waits', error, { video: video.videoId, task: nameOf(claim) });
  await release(attempt);
  return { verdict: nak(NO_SPACE_DELAYS * settings.RETRY_DELAY_MS), outcome: 'released' };
}

/** The stage that made the missing artifact has to make it again; the video fails when that cannot help. */
async function invalidate({ options, video, claim }: Attempt, error: MissingArtifactError): Promise<Ending> {
  const { records, settings } = options;
  const { stored } = await records.update(video, (record) => {
    invalidateInput(record, claim, error.artifact, settings.MAX_REMAKES);
    return changed();
  });
  if (stored.record.failure) {
    return { verdict: await reportFailedVideo(options, stored.record, claim, error), outcome: 'failed' };
  }
  // The reconciler publishes the task of the other stage: a worker has no permission to write to a queue before its own.
  return { verdict: nak(settings.RETRY_DELAY_MS), outcome: 'remake' };
}

/** Counts a failed attempt; the video fails when it was the last one, or when retrying cannot help. */
async function fail({ options, video, claim }: Attempt, error: unknown): Promise<Ending> {
  const { records, settings } = options;
  const problem = {
    message: error instanceof Error ? error.message : String(error),
    reason: error instanceof StageError ? error.reason : FailureReason.STAGE_FAILED,
    permanent: error instanceof UnusableInputError,
  };
  const { stored } = await records.update(video, (record) =>
    changed(failClaim(record, claim, problem, settings.MAX_FAILURES)),
  );
  if (stored.record.failure) {
    return { verdict: await reportFailedVideo(options, stored.record, claim, error), outcome: 'failed' };
  }
  const failures = findTask(stored.record, claim)?.failures ?? 1;
  const backoff = settings.RETRY_DELAY_MS * 2 ** (failures - 1) * (0.75 + Math.random() / 2);
  return { verdict: nak(backoff), outcome: 'failed' };
}

/** Counts and logs a video that has just failed, and stores its task as a dead letter. */
export function reportFailedVideo(
  options: TaskOptions,
  record: VideoRecord,
  ref: TaskRef,
  error: unknown,
): Promise<Verdict> {
  options.metrics.videos.inc({ outcome: 'failed' });
  options.log.error('video failed', error, { video: record.videoId });
  return deadLetter(
    options,
    record,
    ref,
    error instanceof Error ? (error.stack ?? describeError(error)) : String(error),
  );
}

/**
 * Stores a failed task for an operator to look at. Its message is removed only after that.
 * @param detail the failure's message by default.
 */
export async function deadLetter(
  { tasks, settings, metrics }: TaskOptions,
  record: VideoRecord,
  ref: TaskRef,
  detail = record.failure?.message ?? '',
): Promise<Verdict> {
  try {
    await tasks.deadLetter(record, ref, detail);
    metrics.deadLetters.inc({ stage: stageName(ref.stage) });
    return ACK;
  } catch (error) {
    if (error instanceof UnavailableError) return nak(settings.RETRY_DELAY_MS);
    throw error;
  }
}
