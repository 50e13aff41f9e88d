import { createMarker, createVisibleMark, keyName } from '@cinematica/provenance';

/** How an installation marks its videos. */
export interface MarkSettings {
  /** The key of the invisible mark; null to leave it out. */
  readonly key: Uint8Array | null;
  /** The number of this installation among those that share the key, 0 to 255. */
  readonly installation: number;
  /** Whether frames get a small visible label, too. */
  readonly visible: boolean;
}

/** Frames that are marked. */
export interface MarkedFrames {
  /** The size of the frames in pixels. */
  readonly width: number;
  readonly height: number;
  /** The width of the files in pixels, when an encoder enlarges the frames. @default width */
  readonly outputWidth?: number | undefined;
}

/** The invisible mark could not be put into the frames. They can still be encoded without it. */
export class MarkError extends Error {
  override readonly name = 'MarkError';
}

/** What the bytes of files depend on. */
export const describeMark = ({ key, installation, visible }: MarkSettings): string =>
  `mark ${key ? `2 ${keyName(key)} ${installation}` : 'none'}${visible ? ' visible' : ''}`;

/**
 * Marks the frames of a video, in place.
 * @param pieces RGB, 8 bits, `[frames, height, width, 3]`, in pieces of any length.
 * @param video its number in the mark.
 * @throws MarkError when the invisible mark cannot be made; the error of `pieces`.
 */
export async function* markFrames(
  pieces: AsyncIterable<Uint8Array>,
  size: MarkedFrames,
  settings: MarkSettings,
  video: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const mark = prepare(size, settings, video);
  if (!mark) {
    yield* pieces;
    return;
  }
  const frameBytes = 3 * size.width * size.height;
  let index = 0;
  for await (const piece of wholeFrames(pieces, frameBytes)) {
    for (let at = 0; at + frameBytes <= piece.length; at += frameBytes)
      mark(piece.subarray(at, at + frameBytes), index++);
    yield piece;
  }
}

/** Returns the function that marks a frame; null when nothing is marked. */
function prepare(
  { width, height, outputWidth = width }: MarkedFrames,
  { key, installation, visible }: MarkSettings,
  video: number,
): ((frame: Uint8Array, index: number) => void) | null {
  const visibleMark = visible ? createVisibleMark(width, height) : null;
  if (!key) return visibleMark && ((frame) => visibleMark.draw(frame));
  const marker = orMarkError(() =>
    createMarker({ width, height, key, payload: { installation, video }, enlargement: outputWidth / width }),
  );
  return (frame, index) => {
    visibleMark?.draw(frame);
    orMarkError(() => marker.mark(frame, index));
  };
}

function orMarkError<T>(compute: () => T): T {
  try {
    return compute();
  } catch (cause) {
    throw new MarkError('the frames could not be marked', { cause });
  }
}

/** Joins pieces that end within a frame. Others are passed on as they are, and so is what remains at the end. */
async function* wholeFrames(pieces: AsyncIterable<Uint8Array>, frameBytes: number) {
  let rest = new Uint8Array();
  for await (const piece of pieces) {
    const joined = rest.length > 0 ? Buffer.concat([rest, piece]) : piece;
    const whole = joined.length - (joined.length % frameBytes);
    rest = Uint8Array.from(joined.subarray(whole));
    if (whole > 0) yield joined.subarray(0, whole);
  }
  if (rest.length > 0) yield rest;
}
