/** The fields of a plan that decide which frames are shown. */
interface ShownPlan {
  readonly width: number;
  readonly height: number;
  readonly frames: number;
}

/** Frames that were decoded together: RGB, 8 bits, `[count, height, width, 3]`. */
export interface DecodedChunk {
  readonly segment: number;
  /** The index of the chunk in its segment, from 0. */
  readonly chunk: number;
  readonly data: Uint8Array;
}

/**
 * Selects the frames of the video from all decoded frames. The first frame of a later segment is dropped, because it equals
 * the last frame of the previous one, and so are surplus frames at the end.
 * @param onShown called with the number of frames so far.
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
