import { Stage, Video_State } from '@cinematica/protocol/v1';
import type { Hearing } from './hearing.ts';

/** What can be said of a video that is being made, in the order of its life. */
export type Moment = 'waiting' | 'next' | 'starting' | 'encode' | 'denoise' | 'decode' | 'mux';

/** What there is to say of a video that is being made: the words are the screen's. */
export interface Saying {
  readonly moment: Moment;
  /** Videos before it; null where it does not wait, or that is not known. */
  readonly before: number | null;
  /** The step that is done next, from 1, and how many there are; null where they are not known or say nothing. */
  readonly step: number | null;
  readonly steps: number | null;
  /** The part of a long video that is made, from 1, and how many there are; null for one of one part. */
  readonly part: number | null;
  readonly parts: number | null;
  /** All stages together, 0 to 1. */
  readonly fraction: number;
  /** Milliseconds left; null where that is not known. */
  readonly left: number | null;
  /** For how long nothing has been heard, in milliseconds, where that is unusually long; else null. */
  readonly silence: number | null;
}

/** Nothing is made in less than these, so that no news in that time means nothing. Milliseconds. */
const SILENCE = { least: 30_000, timesThePause: 3 } as const;

const MOMENTS: Readonly<Partial<Record<Stage, Moment>>> = {
  [Stage.ENCODE]: 'encode',
  [Stage.DENOISE]: 'denoise',
  [Stage.DECODE]: 'decode',
  [Stage.MUX]: 'mux',
};

/** @param now milliseconds since 1970. */
export function sayingOf({ last: { video, progress }, due, at, longestPause }: Hearing, now: number): Saying {
  const waits = video.state === Video_State.QUEUED;
  const stage = progress?.stage ?? Stage.UNSPECIFIED;
  // A stage of one step has nothing to count.
  const counts = !waits && progress !== undefined && progress.steps > 1;
  const segments = stage === Stage.DENOISE ? (progress?.segments ?? 0) : 0;
  const parts = segments > 1 ? segments : null;
  const before = waits ? (progress?.queuePosition ?? null) : null;
  const silence = now - at;
  const unusual = Math.max(SILENCE.least, SILENCE.timesThePause * longestPause);
  return {
    moment: waits ? (before === 0 ? 'next' : 'waiting') : (MOMENTS[stage] ?? 'starting'),
    before,
    step: counts ? Math.min(progress.step + 1, progress.steps) : null,
    steps: counts ? progress.steps : null,
    part: parts === null ? null : Math.min((progress?.segment ?? 0) + 1, parts),
    parts,
    fraction: Math.min(1, Math.max(0, progress?.fraction ?? 0)),
    left: due !== null && due > now ? due - now : null,
    silence: !waits && silence > unusual ? silence : null,
  };
}

/**
 * What of a change is worth speaking aloud: what it is at, and each quarter of the way; never every step.
 *
 * @param before what was last spoken of; null at the beginning.
 */
export function worthSpeaking(before: Saying | null, now: Saying): 'moment' | 'quarter' | null {
  if (before?.moment !== now.moment || before.before !== now.before) return 'moment';
  return quarterOf(now) > quarterOf(before) ? 'quarter' : null;
}

const quarterOf = ({ fraction }: Saying): number => Math.floor(fraction * 4);
