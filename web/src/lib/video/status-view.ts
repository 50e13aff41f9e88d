import { durationMs } from '@bufbuild/protobuf/wkt';
import { Stage, Video_State } from '@cinematica/protocol/v1';
import { shownFractionAt } from './progress-history.ts';
import type { ProgressHistory } from './progress-history.ts';

/** The phases of a video that is queued or running, in their order. */
export type Phase = 'waiting' | 'next' | 'starting' | 'encode' | 'denoise' | 'decode' | 'mux';

/** The status of a video that is queued or running, as the screen shows it; `video-text.ts` turns it into words. */
export interface StatusView {
  readonly phase: Phase;
  /** Number of videos ahead in the queue; null if the video is not queued, or its position is unknown. */
  readonly queuePosition: number | null;
  /** The current step, from 1; null if the stage has only one step, or its steps are unknown. */
  readonly step: number | null;
  /** The number of steps; null if `step` is. */
  readonly steps: number | null;
  /** The current segment of a long video, from 1; null for a video of one segment. */
  readonly segment: number | null;
  /** The number of segments; null if `segment` is. */
  readonly segments: number | null;
  /** Progress over all stages, 0…1. Within a step it grows with the time that the step is expected to take. */
  readonly fraction: number;
  /** Remaining time in milliseconds; null if unknown. */
  readonly remainingMs: number | null;
  /** Number of other videos that are made at the same time and slow this one down. */
  readonly beside: number;
  /** It goes more slowly than was expected, and nothing that is known explains it. */
  readonly slower: boolean;
  /** Time since the last change in milliseconds, if it is unusually long for this video; otherwise null. */
  readonly stalledMs: number | null;
}

/** A video is stalled after this time, and after this multiple of its longest gap so far and of the expected step. */
const STALLED_AFTER = { ms: 30_000, gaps: 3 } as const;

const PHASES: Readonly<Partial<Record<Stage, Phase>>> = {
  [Stage.ENCODE]: 'encode',
  [Stage.DENOISE]: 'denoise',
  [Stage.DECODE]: 'decode',
  [Stage.MUX]: 'mux',
};

/** The status at a time. @param now milliseconds since 1970 */
export function toStatusView(history: ProgressHistory, now: number): StatusView {
  const { last, expectedEndTime, lastChangeTime, longestGapMs } = history;
  const { video, progress } = last;
  const queued = video.state === Video_State.QUEUED;
  const stage = progress?.stage ?? Stage.UNSPECIFIED;
  // Several parts of the last stage count their own steps, one after the other: that says nothing to people.
  const hasSteps = !queued && progress !== undefined && progress.steps > 1 && stage !== Stage.MUX;
  const segmentCount = stage === Stage.DENOISE ? (progress?.segments ?? 0) : 0;
  const segments = segmentCount > 1 ? segmentCount : null;
  const queuePosition = queued ? (progress?.queuePosition ?? null) : null;
  const unchangedMs = now - lastChangeTime;
  const stepMs = progress?.stepDuration ? durationMs(progress.stepDuration) : 0;
  const stalledAfterMs = Math.max(STALLED_AFTER.ms, STALLED_AFTER.gaps * Math.max(longestGapMs, stepMs));
  return {
    phase: queued ? (queuePosition === 0 ? 'next' : 'waiting') : (PHASES[stage] ?? 'starting'),
    queuePosition,
    step: hasSteps ? Math.min(progress.step + 1, progress.steps) : null,
    steps: hasSteps ? progress.steps : null,
    segment: segments === null ? null : Math.min((progress?.segment ?? 0) + 1, segments),
    segments,
    fraction: shownFractionAt(history, now),
    beside: progress?.videosBeside ?? 0,
    slower: history.missedEndTime !== null && !queued,
    remainingMs: expectedEndTime === null ? null : Math.max(0, expectedEndTime - now),
    stalledMs: !queued && unchangedMs > stalledAfterMs ? unchangedMs : null,
  };
}

/**
 * What a screen reader should announce after a change: a new phase or queue position, or another quarter of the progress.
 * Single steps are not announced.
 *
 * @param announced the status at the last announcement; null before the first
 * @returns null for nothing
 */
export function announcementFor(announced: StatusView | null, status: StatusView): 'phase' | 'quarter' | null {
  if (announced?.phase !== status.phase || announced.queuePosition !== status.queuePosition) return 'phase';
  return quarterOf(status) > quarterOf(announced) ? 'quarter' : null;
}

const quarterOf = ({ fraction }: StatusView): number => Math.floor(fraction * 4);
