/** How long a worker computes, in seconds, for a video of 50 frames at 1024×576: two segments of 26. */
export interface StageTimes {
  /** Once a video. */
  readonly encode: number;
  /** Each segment. */
  readonly denoise: number;
  /** Each segment. */
  readonly decode: number;
  /** Once a video. */
  readonly mux: number;
  /** Between two saved states of the denoiser: what a lost worker loses at most. */
  readonly checkpoint: number;
  /** From a pod's start to its first step: CUDA, the weights, cuDNN's plans. */
  readonly load: number;
}

/** Between the end of a task and the start of the next of its video: commit, publish, pull, artifacts. Seconds. */
export const HOP = 0.15;

/** A worker that is gone is found out by ACK_WAIT_MS. Seconds. */
export const ACK_WAIT = 30;

/**
 * The A100's are what others have measured for SVD-XT's 25 frames and steps (OneDiff 25.2 s, TensorRT 32.2 s), scaled to
 * 26; the H200's are this project's own prediction, `docs/performance.md`. Neither has been measured with this code yet:
 * `--times` takes what `npm run bench -- gpu` says. Encoding is on four CPU cores, from the measured parts there.
 */
export const DEVICES: Readonly<Record<string, StageTimes>> = {
  a100: { encode: 5, denoise: 29, decode: 1.8, mux: 4, checkpoint: 6, load: 45 },
  h200: { encode: 5, denoise: 10.4, decode: 0.6, mux: 4, checkpoint: 2.5, load: 40 },
};
