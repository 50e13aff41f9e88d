/** What of a plan says which frames are shown. */
interface ShownPlan {
  readonly width: number;
  readonly height: number;
  readonly frames: number;
}

/** Frames that were decoded together, RGB, `[count, height, width, 3]`. */
export interface DecodedChunk {
  readonly segment: number;
  /** Its number in the segment, from 0. */
  readonly chunk: number;
  readonly data: Uint8Array;
}

/**
 * The frames of a video, of all that were decoded: a later segment's first one is the last of the one before, and at the
 * end there may be some too many.
 * @param onShown told how many there have been so far.
 */
export async function* shownFrames(
  { width, height, frames }: ShownPlan,
  chunks: AsyncIterable<DecodedChunk>,
  onShown: (shown: number) => void = () => undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  const frame = width * height * 3;
  let shown = 0;
  for await (const { segment, chunk, data } of chunks) {
    const from = segment > 0 && chunk === 0 ? 1 : 0;
    const to = Math.min(data.length / frame, from + frames - shown);
    if (to > from) yield data.subarray(from * frame, to * frame);
    shown += Math.max(0, to - from);
    onShown(shown);
  }
}
