import { durationMs } from '@bufbuild/protobuf/wkt';
import type { Duration } from '@bufbuild/protobuf/wkt';
import { Video_State } from '@cinematica/protocol/v1';
import type { Progress, Video } from '@cinematica/protocol/v1';

/** What the page knows about a watched video at some time. */
export interface Observation {
  readonly video: Video;
  readonly progress: Progress | undefined;
  /** The newest preview; only its identity matters. */
  readonly preview?: unknown;
}

/** What of a history outlives a reload. */
export interface StepStart extends Pick<ProgressHistory, 'stepTime' | 'shownFraction'> {
  /** The progress that the step began with. */
  readonly stage: Progress['stage'] | undefined;
  readonly fraction: number | undefined;
}

/** When a watched video made progress, and what follows from that. Times are milliseconds since 1970. */
export interface ProgressHistory {
  /** When the video is expected to be done; null if unknown. */
  readonly expectedEndTime: number | null;
  /** The end that was expected before it became much later without a reason that is known; null if that has not happened. */
  readonly missedEndTime: number | null;
  /** When the video last changed. */
  readonly lastChangeTime: number;
  /** The longest time between two changes while the video was running, in milliseconds. */
  readonly longestGapMs: number;
  /** When the current step began, as far as this page knows. */
  readonly stepTime: number;
  /** The largest fraction that was shown since the system last lost work: what is shown never falls without a reason. */
  readonly shownFraction: number;
  readonly last: Observation & { readonly remaining: Duration | undefined };
}

/**
 * A new estimate replaces the shown one only if they differ by more than this: the larger of a share of the remaining time
 * and an absolute time. Otherwise the shown time would jitter.
 */
const ESTIMATE_TOLERANCE = { share: 0.1, ms: 2_000 } as const;
/** Without a known reason, the shown time grows only if it was wrong by more than this factor and time. */
const ESTIMATE_WRONG = { factor: 1.5, ms: 5_000 } as const;

/**
 * A history with its first observation.
 *
 * @param now milliseconds since 1970
 * @param kept what an earlier page knew: the start of the step if it is still the same, the progress unless work was lost
 */
export function startHistory(observation: Observation, now: number, kept?: StepStart): ProgressHistory {
  const { stage, fraction } = observation.progress ?? {};
  const isSame = kept !== undefined && kept.stage === stage && kept.fraction === fraction && kept.stepTime <= now;
  const isLost = kept === undefined || (fraction ?? 0) < (kept.fraction ?? 0);
  return {
    expectedEndTime: estimateEndTime(observation.progress, undefined, now),
    missedEndTime: null,
    lastChangeTime: now,
    longestGapMs: 0,
    stepTime: isSame ? kept.stepTime : now,
    shownFraction: isLost ? 0 : kept.shownFraction,
    last: { ...observation, remaining: observation.progress?.remaining },
  };
}

/** Adds an observation; a repeated one is no change. @param now milliseconds since 1970 */
export function addObservation(history: ProgressHistory, observation: Observation, now: number): ProgressHistory {
  const { last, expectedEndTime, lastChangeTime, longestGapMs, stepTime } = history;
  const { fraction = 0 } = observation.progress ?? {};
  const remaining = observation.progress?.remaining;
  const changed =
    observation.video.sequence !== last.video.sequence ||
    observation.progress !== last.progress ||
    (observation.preview !== undefined && observation.preview !== last.preview);
  if (!changed) return { ...history, last: { ...observation, remaining } };
  // A queued video is not expected to change.
  const gapMs = last.video.state === Video_State.RUNNING ? now - lastChangeTime : 0;
  // The same object was carried over from an earlier event: the countdown goes on.
  const endTime = remaining === last.remaining ? expectedEndTime : estimateEndTime(observation.progress, history, now);
  return {
    expectedEndTime: endTime,
    missedEndTime: missedEndTimeOf(endTime, observation.progress, history, now),
    lastChangeTime: now,
    stepTime: isSameStep(observation.progress, last.progress) ? stepTime : now,
    shownFraction: fraction < (last.progress?.fraction ?? 0) ? 0 : shownFractionAt(history, now),
    longestGapMs: Math.max(longestGapMs, gapMs),
    last: { ...observation, remaining },
  };
}

/** A step that is not done is shown as done up to this part at most. */
const MAX_OF_STEP = 0.95;

/**
 * The fraction to show at a time, 0…1. Within a step it grows with the time that the step is expected to take.
 *
 * @param now milliseconds since 1970
 */
export function shownFractionAt({ last, stepTime, shownFraction }: ProgressHistory, now: number): number {
  const { fraction = 0, nextFraction = 0, stepDuration } = last.progress ?? {};
  const stepMs = stepDuration ? durationMs(stepDuration) : 0;
  const ofStep = stepMs > 0 ? Math.min(MAX_OF_STEP, Math.max(0, now - stepTime) / stepMs) : 0;
  // When a step is found to take longer, its part falls: the bar waits until it catches up.
  return Math.min(1, Math.max(shownFraction, fraction + ofStep * Math.max(0, nextFraction - fraction)));
}

const isSameStep = (a: Progress | undefined, b: Progress | undefined): boolean =>
  a?.stage === b?.stage && a?.fraction === b?.fraction;

const toleranceAt = (endTime: number, now: number): number =>
  Math.max(ESTIMATE_TOLERANCE.ms, ESTIMATE_TOLERANCE.share * (endTime - now));

/** The end to show: an earlier one at once, a later one only if there is a reason for it. */
function estimateEndTime(progress: Progress | undefined, history: ProgressHistory | undefined, now: number) {
  if (!progress?.remaining) return null;
  const shown = history?.expectedEndTime ?? null;
  const endTime = now + durationMs(progress.remaining);
  if (!history || shown === null || shown <= now) return endTime;
  if (Math.abs(endTime - shown) < toleranceAt(endTime, now)) return shown;
  const wasWrong = endTime - now > ESTIMATE_WRONG.factor * (shown - now) + ESTIMATE_WRONG.ms;
  return endTime < shown || wasWrong || takesLonger(progress, history.last.progress) ? endTime : shown;
}

/** The end that was expected before, as long as the new one is much later, and nothing that is known explains it. */
function missedEndTimeOf(
  endTime: number | null,
  progress: Progress | undefined,
  { expectedEndTime: shown, missedEndTime, last }: ProgressHistory,
  now: number,
): number | null {
  if (endTime === null || !progress || (endTime !== shown && takesLonger(progress, last.progress))) return null;
  const isLater = shown !== null && shown > now && endTime > shown;
  const missed = missedEndTime ?? (isLater ? shown : null);
  return missed !== null && endTime - missed >= toleranceAt(endTime, now) ? missed : null;
}

/** Whether something happened that makes a video take longer: another one runs beside it, or work was lost. */
function takesLonger(progress: Progress, before: Progress | undefined): boolean {
  if (!before) return false;
  return (
    progress.videosBeside > before.videosBeside ||
    (progress.queuePosition ?? 0) > (before.queuePosition ?? 0) ||
    progress.fraction < before.fraction
  );
}
