import { readStored, writeStored } from '#lib/storage/safe-storage.ts';
import type { ProgressHistory, StepStart } from './progress-history.ts';

/** The start of a video's current step. Kept in the session storage, so that a reload does not move the progress back. */

const keyOf = (name: string): string => `progress ${name}`;

/** @param name of the video */
export function readStepStart(name: string): StepStart | undefined {
  try {
    return JSON.parse(readStored(keyOf(name), 'sessionStorage') ?? '') as StepStart;
  } catch {
    return undefined;
  }
}

/** @param start undefined for a video that has ended */
export function keepStepStart(name: string, start: ProgressHistory | undefined): void {
  writeStored(keyOf(name), start ? JSON.stringify(stepStartOf(start)) : null, 'sessionStorage');
}

function stepStartOf({ last: { progress }, stepTime, shownFraction }: ProgressHistory): StepStart {
  return { stage: progress?.stage, fraction: progress?.fraction, stepTime, shownFraction };
}
