import fc from 'fast-check';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readFrameSync, writeFrameSync } from './frame-sync.ts';
import { createFrameReader, frameParts } from './frame.ts';
import type { Frame } from './frame.ts';

const frame = fc.record({
  message: fc.jsonValue(),
  blobs: fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 4 }),
});
const plain = ({ message, blobs }: Frame<unknown>) => ({ message, blobs: blobs.map((blob) => [...blob]) });
/** JSON knows no -0. */
const asSent = (of: Frame<unknown>) => plain({ ...of, message: JSON.parse(JSON.stringify(of.message)) as unknown });

test('frames arrive whole, in order and alone in their buffers, however the stream is cut', () => {
  fc.assert(
    fc.property(
      fc.array(frame, { maxLength: 4 }),
      fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1 }),
      (frames, cuts) => {
        const stream = Buffer.concat(frames.flatMap((sent) => [...frameParts(sent)]));
        const received: Frame<unknown>[] = [];
        const push = createFrameReader<unknown>((got) => received.push(got));
        for (let at = 0, turn = 0; at < stream.length; turn += 1) {
          const end = at + (cuts[turn % cuts.length] ?? 1);
          push(stream.subarray(at, end));
          at = end;
        }
        expect(received.map(plain)).toEqual(frames.map(asSent));
        for (const blob of received.flatMap(({ blobs }) => blobs)) expect(blob.buffer.byteLength).toBe(blob.length);
      },
    ),
  );
});

test('the blocking side reads what it writes, and sees the end', () => {
  const folder = mkdtempSync(join(tmpdir(), 'frame-'));
  const file = join(folder, 'stream');
  try {
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 3 }), (frames) => {
        const out = openSync(file, 'w');
        for (const sent of frames) writeFrameSync(out, sent);
        closeSync(out);
        const back = openSync(file, 'r');
        for (const sent of frames) expect(plain(readFrameSync(back)!)).toEqual(asSent(sent));
        expect(readFrameSync(back)).toBeNull();
        closeSync(back);
      }),
      { numRuns: 30 },
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});
