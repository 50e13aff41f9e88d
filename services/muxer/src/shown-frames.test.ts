import { expect, test } from 'vitest';
import { shownFrames } from './shown-frames.ts';

const size = { width: 2, height: 1 };

/** Frames of one pixel row, each filled with its segment and number. */
async function* decoded(segments: number, chunks: readonly number[]) {
  for (let segment = 0; segment < segments; segment++) {
    let first = 0;
    for (const [chunk, count] of chunks.entries()) {
      const frames = Array.from({ length: count }, (_, i) => new Uint8Array(6).fill(100 * segment + first + i));
      first += count;
      yield await Promise.resolve({ segment, chunk, data: Buffer.concat(frames) });
    }
  }
}

async function shown(frames: number, segments: number, chunks: readonly number[]): Promise<number[]> {
  const seen: number[] = [];
  for await (const piece of shownFrames({ ...size, frames }, decoded(segments, chunks))) {
    for (let at = 0; at < piece.length; at += 6) seen.push(piece[at]!);
  }
  return seen;
}

test('drops the frame that two segments share, and surplus frames at the end', async () => {
  expect(await shown(4, 1, [2, 2])).toEqual([0, 1, 2, 3]);
  expect(await shown(8, 2, [3, 2])).toEqual([0, 1, 2, 3, 4, 101, 102, 103]);
  expect(await shown(9, 2, [1, 4])).toEqual([0, 1, 2, 3, 4, 101, 102, 103, 104]);
  expect(await shown(5, 2, [3, 2])).toEqual([0, 1, 2, 3, 4]);
});
