import type { Writable } from 'node:stream';

/** What goes between the gateway and its photo processes: a small message as JSON and the bytes it speaks of. */
export interface PhotoFrame {
  readonly message: unknown;
  readonly bytes: Uint8Array;
}

/** The other side sent what no side sends: it must not be believed any longer. */
export class PhotoFrameError extends Error {
  override readonly name = 'PhotoFrameError';
}

const HEAD = 8;
const MOST_MESSAGE = 64 * 1024;

/** Writes a frame: the lengths of both parts (32 bits each, little-endian), the message, the bytes. */
export function writePhotoFrame(stream: Writable, { message, bytes }: PhotoFrame): void {
  const text = Buffer.from(JSON.stringify(message));
  const head = Buffer.alloc(HEAD);
  head.writeUInt32LE(text.length, 0);
  head.writeUInt32LE(bytes.length, 4);
  stream.write(Buffer.concat([head, text]));
  if (bytes.length > 0) stream.write(bytes);
}

/**
 * Takes a stream chunk by chunk and hands over each frame as it becomes whole.
 *
 * @param maxBytes most bytes of a frame, the message not counted
 * @returns takes the next chunk; throws {@link PhotoFrameError} or a `SyntaxError` where it is not of such frames
 */
export function createPhotoFrameReader(
  maxBytes: number,
  onFrame: (frame: PhotoFrame) => void,
): (chunk: Uint8Array) => void {
  let parts = readParts(maxBytes);
  let step = parts.next();
  let filled = 0;
  return (chunk) => {
    let taken = 0;
    for (;;) {
      if (step.done) {
        onFrame(step.value);
        parts = readParts(maxBytes);
        step = parts.next();
        continue;
      }
      const part = step.value;
      const count = Math.min(part.length - filled, chunk.length - taken);
      part.set(chunk.subarray(taken, taken + count), filled);
      taken += count;
      filled += count;
      if (filled < part.length) return;
      filled = 0;
      step = parts.next();
    }
  };
}

/** Yields each stretch of memory that is to be filled next, and returns the frame once all are. */
function* readParts(maxBytes: number): Generator<Uint8Array, PhotoFrame, void> {
  const head = Buffer.alloc(HEAD);
  yield head;
  const [textLength, bytesLength] = [head.readUInt32LE(0), head.readUInt32LE(4)];
  if (textLength > MOST_MESSAGE || bytesLength > maxBytes) {
    throw new PhotoFrameError(`a frame of ${textLength} + ${bytesLength} bytes is too long`);
  }
  const text = Buffer.alloc(textLength);
  yield text;
  const bytes = new Uint8Array(bytesLength);
  yield bytes;
  return { message: JSON.parse(text.toString()), bytes };
}
