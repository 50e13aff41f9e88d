/** Computing times in seconds for a video of 50 frames at 1024×576: two segments of 26 frames. */
export interface StageTimes {
  /** Per video. */
  readonly encode: number;
  /** Per segment. */
  readonly denoise: number;
  /** Per segment. */
  readonly decode: number;
  /** Per video. */
  readonly mux: number;
  /** Interval between two saved states of the denoiser: the maximum loss with a worker. */
  readonly checkpoint: number;
  /** From the start of a pod to its first step: CUDA, weights, cuDNN plans. */
  readonly load: number;
}

/** Time between a task and the next task of the video: commit, publish, pull, artifacts. Seconds. */
export const HOP = 0.15;

/** Time until the loss of a worker is detected (ACK_WAIT_MS). Seconds. */
export const ACK_WAIT = 30;

/**
 * Stage times by device. Those of the A100 are published measurements of SVD-XT with 25 frames and steps (OneDiff 25.2 s,
 * TensorRT 32.2 s), scaled to 26 frames. Those of the H200 are predicted (`docs/performance.md`). Neither was measured with
 * this code; `--times` accepts the results of `npm run bench -- gpu`. Encoding the photo and
 * muxing run on four CPU cores each. Muxing is about half the time that finishing and encoding to HD takes on two (61 to 66 s).
 */
export const DEVICES: Readonly<Record<string, StageTimes>> = {
  a100: { encode: 5, denoise: 29, decode: 1.8, mux: 33, checkpoint: 6, load: 45 },
  h200: { encode: 5, denoise: 10.4, decode: 0.6, mux: 33, checkpoint: 2.5, load: 40 },
};
