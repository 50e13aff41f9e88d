import { open } from 'node:fs/promises';

/**
 * Reads raw frames from a file forwards and then backwards: 0, 1, …, n − 1, n − 2, …, 1. A single frame is read once.
 *
 * @param count the number of frames in the file.
 * @param size the size of a frame in bytes.
 * @throws RangeError when the file ends before the last frame.
 */
export async function* createBoomerangFrames(
  path: string,
  count: number,
  size: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  await using file = await open(path);
  for (let index = 0; index < Math.max(1, 2 * (count - 1)); index++) {
    const position = index < count ? index : 2 * (count - 1) - index;
    const frame = new Uint8Array(size);
    const { bytesRead } = await file.read(frame, 0, size, position * size);
    if (bytesRead < size) throw new RangeError(`the frames end ${size - bytesRead} bytes short of frame ${position}`);
    yield frame;
  }
}
