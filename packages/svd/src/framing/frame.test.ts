import fc from 'fast-check';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readFrameSync, writeFrameSync } from './frame-sync.ts';
import { createFrameReader, FrameError, frameParts, UNLIMITED } from './frame.ts';
import type { Frame } from './frame.ts';

const frame = fc.record({
  message: fc.jsonValue(),
  blobs: fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 4 }),
});
const plain = ({ message, blobs }: Frame<unknown>) => ({ message, blobs: blobs.map((blob) => [...blob]) });
/** The frame after its message went through JSON, which has no -0. */
const asSent = (of: Frame<unknown>) => plain({ ...of, message: JSON.parse(JSON.stringify(of.message)) as unknown });

test('the reader returns frames complete and in order, each blob in its own buffer, for any split of the stream', () => {
  fc.assert(
    fc.property(
      fc.array(frame, { maxLength: 4 }),
      fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1 }),
      (frames, cuts) => {
        const stream = Buffer.concat(frames.flatMap((sent) => [...frameParts(sent)]));
        const received: Frame<unknown>[] = [];
        const push = createFrameReader<unknown>((got) => received.push(got), UNLIMITED);
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

test('readFrameSync reads what writeFrameSync wrote, and returns null at the end', () => {
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

describe('limits', () => {
  const read = (bytes: Uint8Array) => () =>
    createFrameReader(() => undefined, { headBytes: 64, blobs: 1, blobBytes: 10 })(bytes);
  const parts = (blobs: Uint8Array[], message: unknown = {}) => Buffer.concat(frameParts({ message, blobs }));
  const head = (text: string) => {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(text.length);
    return Buffer.concat([length, Buffer.from(text)]);
  };

  test('a frame within the limits is accepted', () => {
    expect(read(parts([new Uint8Array(10)]))).not.toThrow();
  });

  test.each([
    ['a head that is too long', parts([], 'x'.repeat(64))],
    ['a length of 4 GiB', Buffer.alloc(64, 0xff)],
    ['too many blobs', parts([new Uint8Array(1), new Uint8Array(1)])],
    ['too many bytes', parts([new Uint8Array(11)])],
    ['a size that is negative', head('{"message":{},"sizes":[-1]}')],
    ['a size that is no integer', head('{"message":{},"sizes":[0.5]}')],
    ['sizes that are no list', head('{"message":{},"sizes":3}')],
    ['a head without sizes', head('{"message":{}}')],
    ['a head that is null', head('null')],
  ])('rejects %s', (_, bytes) => {
    expect(read(bytes)).toThrow(FrameError);
  });

  test('rejects a head that is not JSON', () => {
    expect(read(head('{'))).toThrow(SyntaxError);
  });
});
