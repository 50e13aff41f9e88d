import fc from 'fast-check';
import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { createPhotoFrameReader, PhotoFrameError, writePhotoFrame } from './photo-frame.ts';
import type { PhotoFrame } from './photo-frame.ts';

function written(frames: readonly PhotoFrame[]): Buffer {
  const chunks: Buffer[] = [];
  const stream = new Writable({ write: (chunk: Buffer, _, done) => done(void chunks.push(chunk)) });
  for (const frame of frames) writePhotoFrame(stream, frame);
  return Buffer.concat(chunks);
}

const frame = fc.record({
  message: fc.record({ text: fc.string() }),
  bytes: fc.uint8Array({ maxLength: 300 }),
});
const plain = ({ message, bytes }: PhotoFrame) => ({ message, bytes: [...bytes] });

test('frames arrive whole and in order, however the stream is cut', () => {
  const cuts = fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1 });
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 4 }), cuts, (frames, sizes) => {
      const stream = written(frames);
      const received: PhotoFrame[] = [];
      const read = createPhotoFrameReader(300, (got) => received.push(got));
      for (let at = 0, turn = 0; at < stream.length; turn++) {
        const size = sizes[turn % sizes.length]!;
        read(stream.subarray(at, at + size));
        at += size;
      }
      expect(received.map(plain)).toEqual(frames.map(plain));
    }),
  );
});

test('lengths that nobody sends take no memory', () => {
  const read = () => createPhotoFrameReader(10, () => undefined);
  expect(() => read()(written([{ message: {}, bytes: new Uint8Array(11) }]))).toThrow(PhotoFrameError);
  expect(() => read()(Buffer.alloc(64, 0xff))).toThrow(PhotoFrameError);
  expect(() => read()(Buffer.from([1, 0, 0, 0, 0, 0, 0, 0, 0x7b]))).toThrow(SyntaxError);
});
