/** The frame rate that finished videos should have, in frames per second: smooth to the eye, and usual for films. */
const SMOOTH_RATE = 28;

/**
 * The frame rate of the files when a request has none: the multiple of the model's rate that is nearest to 28 (the lower one of
 * two), at most 60. With a multiple, each of the model's frames is one of the frames of the files.
 *
 * @param conditioningFps the model's frame rate, 1 to 60 frames per second
 */
export function defaultFrameRate(conditioningFps: number): number {
  const below = Math.max(1, Math.floor(SMOOTH_RATE / conditioningFps));
  const isAboveNearer = (below + 1) * conditioningFps - SMOOTH_RATE < SMOOTH_RATE - below * conditioningFps;
  return (isAboveNearer ? below + 1 : below) * conditioningFps;
}
