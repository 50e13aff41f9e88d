import type { GrayPicture } from '@cinematica/provenance';
import { expect, test } from 'vitest';
import { createGrayReader } from './gray-reader.ts';

const stream = Buffer.concat([
  Buffer.from('P5\n3 2\n255\n'),
  Buffer.from([1, 2, 3, 4, 5, 6]),
  Buffer.from('P5\n1 1\n255\n'),
  Buffer.from([80]),
]);

test.each([1, 4, 13, 100])('pictures are read from pieces of %d bytes', (length) => {
  const pictures: GrayPicture[] = [];
  const reader = createGrayReader((picture) => pictures.push(picture));
  for (let at = 0; at < stream.length; at += length) reader.add(stream.subarray(at, at + length));
  expect(pictures).toEqual([
    { width: 3, height: 2, data: Uint8Array.of(1, 2, 3, 4, 5, 6) },
    { width: 1, height: 1, data: Uint8Array.of(80) },
  ]);
});

test('a stream of something else is an error', () => {
  const reader = createGrayReader(() => undefined);
  expect(() => reader.add(Buffer.from('this is not a picture, and it is long enough'))).toThrow(
    'did not write pictures',
  );
});
