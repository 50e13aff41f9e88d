import { durationMs } from '@bufbuild/protobuf/wkt';
import type { Duration } from '@bufbuild/protobuf/wkt';
import { Video_State } from '@cinematica/protocol/v1';
import type { Progress, Video } from '@cinematica/protocol/v1';

/** What is said of a video that is followed. */
export interface Heard {
  readonly video: Video;
  readonly progress: Progress | undefined;
  /** Any other sign of life; a different one is a new one. */
  readonly preview?: unknown;
}

/** When things were said of a video, and what follows from that. Times are milliseconds since 1970. */
export interface Hearing {
  /** When it will be done; null where that is not known. */
  readonly due: number | null;
  /** When something new was last heard. */
  readonly at: number;
  /** The longest time so far between two such moments while the video was made, in milliseconds. */
  readonly longestPause: number;
  readonly last: Heard & { readonly remaining: Duration | undefined };
}

/** A new time of arrival is told if it is this much off, as a part of the time left and in milliseconds: else it jitters. */
const WORTH_TELLING = { share: 0.1, ms: 2_000 } as const;

/** What is heard first of a video. */
export const firstHearing = (heard: Heard, now: number): Hearing => ({
  due: dueOf(heard.progress?.remaining, null, now),
  at: now,
  longestPause: 0,
  last: { ...heard, remaining: heard.progress?.remaining },
});

/** What is heard next; the same said again is nothing new. */
export function nextHearing(hearing: Hearing, heard: Heard, now: number): Hearing {
  const { last, due, at, longestPause } = hearing;
  const remaining = heard.progress?.remaining;
  const news =
    heard.video.sequence !== last.video.sequence ||
    heard.progress !== last.progress ||
    (heard.preview !== undefined && heard.preview !== last.preview);
  if (!news) return { ...hearing, last: { ...heard, remaining } };
  // Waiting in a queue is no pause: nothing is expected there.
  const paused = last.video.state === Video_State.RUNNING ? now - at : 0;
  return {
    // A time that is only repeated, with an event that has none of its own, has gone on running.
    due: remaining === last.remaining ? due : dueOf(remaining, due, now),
    at: now,
    longestPause: Math.max(longestPause, paused),
    last: { ...heard, remaining },
  };
}

function dueOf(remaining: Duration | undefined, known: number | null, now: number): number | null {
  if (!remaining) return null;
  const due = now + durationMs(remaining);
  if (known === null || known <= now) return due;
  const worth = Math.max(WORTH_TELLING.ms, WORTH_TELLING.share * (due - now));
  return Math.abs(due - known) < worth ? known : due;
}
