/** The division of a video into segments of equal length. Each later segment starts from the last frame of the previous one. */
export interface SegmentPlan {
  /** Number of segments: runs of the model. */
  readonly segments: number;
  /** Frames of each segment. */
  readonly framesPerSegment: number;
  /** Frames at the end of the last segment that are not shown. */
  readonly surplus: number;
}

/**
 * Plans the segments of a video. The first frame of a later segment repeats the last frame of the previous one, and is shown
 * once. So 50 frames with a window of 25 become 26 + 26: one frame is shared, and one is surplus. Because of the shared
 * frame, a segment may be one frame longer than the window.
 * @param frames frames of the video, at least 1
 * @param window frames that the model makes in one run, at least 1
 */
export function planSegments(frames: number, window: number): SegmentPlan {
  if (frames <= window) return { segments: 1, framesPerSegment: frames, surplus: 0 };
  // Each later segment adds all its frames but the shared one, so there are segments · (length − 1) + 1 frames.
  const segments = Math.ceil((frames - 1) / window);
  const framesPerSegment = Math.ceil((frames - 1) / segments) + 1;
  return { segments, framesPerSegment, surplus: segments * (framesPerSegment - 1) + 1 - frames };
}
