/** The frame rate that finished videos should have, in frames per second: smooth to the eye, and usual for films. */
const SMOOTH_RATE = 28;

/** The largest frame rate of the API, in frames per second. */
const MAX_RATE = 60;

/**
 * The frame rate of the files when a request has none: the multiple of the model's rate that is nearest to 28 (the lower one of
 * two), at most 60. With a multiple, each of the model's frames is one of the frames of the files.
 *
 * @param conditioningFps the model's frame rate, 1 to 60 frames per second
 */
export function defaultFrameRate(conditioningFps: number): number {
  const below = Math.max(1, Math.floor(SMOOTH_RATE / conditioningFps));
  const nearer =
    SMOOTH_RATE - below * conditioningFps <= (below + 1) * conditioningFps - SMOOTH_RATE ? below : below + 1;
  const multiple = nearer * conditioningFps <= MAX_RATE ? nearer : below;
  return multiple * conditioningFps;
}
