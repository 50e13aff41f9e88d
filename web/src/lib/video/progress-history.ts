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

/** When a watched video made progress, and what follows from that. Times are milliseconds since 1970. */
export interface ProgressHistory {
  /** When the video is expected to be done; null if unknown. */
  readonly expectedEndTime: number | null;
  /** When the video last changed. */
  readonly lastChangeTime: number;
  /** The longest time between two changes while the video was running, in milliseconds. */
  readonly longestGapMs: number;
  /** When the current step began, as far as this page knows. */
  readonly stepTime: number;
  readonly last: Observation & { readonly remaining: Duration | undefined };
}

/**
 * A new estimate replaces the shown one only if they differ by more than this: the larger of a share of the remaining time
 * and an absolute time. Otherwise the shown time would jitter.
 */
const ESTIMATE_TOLERANCE = { share: 0.1, ms: 2_000 } as const;
/** Without a known reason, the shown time grows only if it was wrong by more than this factor and time. */
const ESTIMATE_WRONG = { factor: 1.5, ms: 5_000 } as const;

/** A history with its first observation. @param now milliseconds since 1970 */
export const startHistory = (observation: Observation, now: number): ProgressHistory => ({
  expectedEndTime: estimateEndTime(observation.progress, undefined, now),
  lastChangeTime: now,
  longestGapMs: 0,
  stepTime: now,
  last: { ...observation, remaining: observation.progress?.remaining },
});

/** Adds an observation; a repeated one is no change. @param now milliseconds since 1970 */
export function addObservation(history: ProgressHistory, observation: Observation, now: number): ProgressHistory {
  const { last, expectedEndTime, lastChangeTime, longestGapMs, stepTime } = history;
  const remaining = observation.progress?.remaining;
  const changed =
    observation.video.sequence !== last.video.sequence ||
    observation.progress !== last.progress ||
    (observation.preview !== undefined && observation.preview !== last.preview);
  if (!changed) return { ...history, last: { ...observation, remaining } };
  // A queued video is not expected to change.
  const gapMs = last.video.state === Video_State.RUNNING ? now - lastChangeTime : 0;
  return {
    // The same object was carried over from an earlier event: the countdown goes on.
    expectedEndTime:
      remaining === last.remaining ? expectedEndTime : estimateEndTime(observation.progress, history, now),
    lastChangeTime: now,
    stepTime: isSameStep(observation.progress, last.progress) ? stepTime : now,
    longestGapMs: Math.max(longestGapMs, gapMs),
    last: { ...observation, remaining },
  };
}

const isSameStep = (a: Progress | undefined, b: Progress | undefined): boolean =>
  a?.stage === b?.stage && a?.fraction === b?.fraction;

/** The end to show: an earlier one at once, a later one only if there is a reason for it. */
function estimateEndTime(progress: Progress | undefined, history: ProgressHistory | undefined, now: number) {
  if (!progress?.remaining) return null;
  const shown = history?.expectedEndTime ?? null;
  const endTime = now + durationMs(progress.remaining);
  if (!history || shown === null || shown <= now) return endTime;
  const tolerance = Math.max(ESTIMATE_TOLERANCE.ms, ESTIMATE_TOLERANCE.share * (endTime - now));
  if (Math.abs(endTime - shown) < tolerance) return shown;
  const wasWrong = endTime - now > ESTIMATE_WRONG.factor * (shown - now) + ESTIMATE_WRONG.ms;
  return endTime < shown || wasWrong || takesLonger(progress, history.last.progress) ? endTime : shown;
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
