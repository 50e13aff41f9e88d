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
  readonly last: Observation & { readonly remaining: Duration | undefined };
}

/**
 * A new estimate replaces the shown one only if they differ by more than this: the larger of a share of the remaining time
 * and an absolute time. Otherwise the shown time would jitter.
 */
const ESTIMATE_TOLERANCE = { share: 0.1, ms: 2_000 } as const;

/** A history with its first observation. @param now milliseconds since 1970 */
export const startHistory = (observation: Observation, now: number): ProgressHistory => ({
  expectedEndTime: estimateEndTime(observation.progress?.remaining, null, now),
  lastChangeTime: now,
  longestGapMs: 0,
  last: { ...observation, remaining: observation.progress?.remaining },
});

/** Adds an observation; a repeated one is no change. @param now milliseconds since 1970 */
export function addObservation(history: ProgressHistory, observation: Observation, now: number): ProgressHistory {
  const { last, expectedEndTime, lastChangeTime, longestGapMs } = history;
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
    expectedEndTime: remaining === last.remaining ? expectedEndTime : estimateEndTime(remaining, expectedEndTime, now),
    lastChangeTime: now,
    longestGapMs: Math.max(longestGapMs, gapMs),
    last: { ...observation, remaining },
  };
}

function estimateEndTime(remaining: Duration | undefined, shown: number | null, now: number): number | null {
  if (!remaining) return null;
  const endTime = now + durationMs(remaining);
  if (shown === null || shown <= now) return endTime;
  const tolerance = Math.max(ESTIMATE_TOLERANCE.ms, ESTIMATE_TOLERANCE.share * (endTime - now));
  return Math.abs(endTime - shown) < tolerance ? shown : endTime;
}
