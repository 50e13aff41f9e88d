/**
 * Frames between a process and its child: a small message as JSON, followed by large binary parts. This module imports
 * nothing of the model, so that a process which only decodes photos can use it, too.
 *
 * A frame is: the length of the head in bytes (32 bits, little-endian), the head as JSON (`message`, and the `sizes` of the
 * blobs), and the blobs one after another.
 */
import type { Writable } from 'node:stream';

/** A message and the binary data that belongs to it. */
export interface Frame<Message> {
  /** Any JSON value. */
  readonly message: Message;
  /** Each received blob has a separate buffer and starts at its offset 0. */
  readonly blobs: readonly Uint8Array[];
}

/** The largest frame that a reader accepts. The reader allocates no memory for a frame that exceeds a limit. */
export interface FrameLimits {
  /** Maximum size of the head, in bytes. */
  readonly headBytes: number;
  /** Maximum number of blobs. */
  readonly blobs: number;
  /** Maximum total size of the blobs, in bytes. */
  readonly blobBytes: number;
}

/** For frames of a trusted process: no limits. */
export const UNLIMITED: FrameLimits = { headBytes: Infinity, blobs: Infinity, blobBytes: Infinity };

/** The other side sent bytes that are not a valid frame, or a frame that exceeds the reader's limits. */
export class FrameError extends Error {
  override readonly name = 'FrameError';
}

/**
 * The parts to write for a frame, in order. The blobs are not copied, which makes this four times faster than Node's own
 * structured messages (44 MB there and back take 0.1 s instead of 0.4 s or more).
 */
export function frameParts<Message>({ message, blobs }: Frame<Message>): readonly Uint8Array[] {
  const head = Buffer.from(JSON.stringify({ message, sizes: blobs.map((blob) => blob.byteLength) }));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(head.byteLength);
  return [Buffer.concat([length, head]), ...blobs];
}

/** Writes a frame to a stream. */
export function writeFrame<Message>(stream: Writable, frame: Frame<Message>): void {
  for (const part of frameParts(frame)) stream.write(part);
}

/**
 * Reads one frame. It yields each buffer that the caller must fill next, and returns the frame when all are filled.
 * @throws {FrameError} when the head is invalid or the frame exceeds the limits
 * @throws SyntaxError when the head is not JSON
 */
export function* readParts<Message>(limits: FrameLimits): Generator<Uint8Array, Frame<Message>, void> {
  const length = Buffer.alloc(4);
  yield length;
  const headBytes = length.readUInt32LE();
  if (headBytes > limits.headBytes) throw new FrameError(`the frame's head of ${headBytes} bytes is too long`);
  const head = Buffer.alloc(headBytes);
  yield head;
  const { message, sizes } = parseHead(head.toString(), limits);
  const blobs: Uint8Array[] = [];
  for (const size of sizes) {
    const blob = new Uint8Array(size);
    yield blob;
    blobs.push(blob);
  }
  return { message: message as Message, blobs };
}

/**
 * Creates a reader for a stream of frames.
 * @param onFrame receives each frame when it is complete; it must validate the message of an untrusted sender
 * @returns a function that takes the next chunk of the stream, and throws as {@link readParts} does
 */
export function createFrameReader<Message>(
  onFrame: (frame: Frame<Message>) => void,
  limits: FrameLimits,
): (chunk: Uint8Array) => void {
  let parts = readParts<Message>(limits);
  let step = parts.next();
  let filled = 0;
  return (chunk) => {
    let taken = 0;
    for (;;) {
      if (step.done) {
        onFrame(step.value);
        parts = readParts<Message>(limits);
        step = parts.next();
        continue;
      }
      const count = Math.min(step.value.byteLength - filled, chunk.byteLength - taken);
      step.value.set(chunk.subarray(taken, taken + count), filled);
      taken += count;
      filled += count;
      if (filled < step.value.byteLength) return;
      filled = 0;
      step = parts.next();
    }
  };
}

function parseHead(
  text: string,
  limits: FrameLimits,
): { readonly message: unknown; readonly sizes: readonly number[] } {
  const head: unknown = JSON.parse(text);
  if (typeof head !== 'object' || head === null || !('message' in head) || !('sizes' in head) || !isSizes(head.sizes)) {
    throw new FrameError("the frame's head must be an object with a message and the sizes of the blobs");
  }
  const { message, sizes } = head;
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (sizes.length > limits.blobs || total > limits.blobBytes) {
    throw new FrameError(`a frame with ${sizes.length} blobs of ${total} bytes in total is too large`);
  }
  return { message, sizes };
}

const isSizes = (sizes: unknown): sizes is number[] =>
  Array.isArray(sizes) && sizes.every((size) => Number.isSafeInteger(size) && (size as number) >= 0);
