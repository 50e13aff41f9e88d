/** How a video's frames are made: in runs of the model of one length, the later ones starting from the last frame. */
export interface SegmentPlan {
  /** Runs of the model. */
  readonly segments: number;
  /** Frames of each run. */
  readonly framesPerSegment: number;
  /** Frames at the very end that are made but not shown. */
  readonly surplus: number;
}

/**
 * Cuts the wanted frames into segments of equal length. A later segment's first frame is the last one of the segment
 * before and is shown once; so 50 frames with a window of 25 are 26 + 26, one shared and one too many. A segment may be
 * one frame longer than the window, which is what the shared frame takes.
 * @param frames wanted, at least 1.
 * @param window frames that the model was made for, at least 1.
 */
export function planSegments(frames: number, window: number): SegmentPlan {
  if (frames <= window) return { segments: 1, framesPerSegment: frames, surplus: 0 };
  // Each later segment adds all its frames but the shared one: segments · (length − 1) + 1 frames in all.
  const segments = Math.ceil((frames - 1) / window);
  const framesPerSegment = Math.ceil((frames - 1) / segments) + 1;
  return { segments, framesPerSegment, surplus: segments * (framesPerSegment - 1) + 1 - frames };
}
