/** What a player does at the end of a video. */
export type LoopMode =
  /** The beginning fades in over the end, so that nothing jumps. */
  | 'fade'
  /** It plays backwards; there must be a file for it. */
  | 'boomerang'
  /** It starts over. */
  | 'cut'
  /** It stops. */
  | 'once';

export const LOOP_MODES: readonly LoopMode[] = ['fade', 'boomerang', 'cut', 'once'];

/** How long the beginning and the end are displayed together, at most. Seconds. */
const FADE_SECONDS = 0.8;

/** The modes of a video, the best one first: a user who asked for a file that goes back and forth wants to see it. */
export const loopModesFor = (hasBoomerang: boolean): readonly LoopMode[] =>
  hasBoomerang ? ['boomerang', 'fade', 'cut', 'once'] : ['fade', 'cut', 'once'];

/** The mode after this one; after the last one the first. */
export function nextLoopMode(mode: LoopMode, modes: readonly LoopMode[]): LoopMode {
  return modes[(modes.indexOf(mode) + 1) % modes.length] ?? mode;
}

/**
 * How far the beginning has faded in over the end, 0…1.
 *
 * @param time seconds since the beginning
 * @param duration seconds; a short video fades for at most a third of it
 */
export function fadeProgress(time: number, duration: number): number {
  const length = Math.min(FADE_SECONDS, duration / 3);
  if (!(length > 0)) return 0;
  return Math.min(1, Math.max(0, 1 - (duration - time) / length));
}
