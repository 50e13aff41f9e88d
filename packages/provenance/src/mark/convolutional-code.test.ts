import { expect, test } from 'vitest';
import { codedLength, decodeBits, encodeBits } from './convolutional-code.ts';
import { createKeyStream } from './key-stream.ts';

const random = createKeyStream(new Uint8Array(32), 'test');
const message = Uint8Array.from({ length: 56 }, () => random.uint32() & 1);

test('a message is read although one coded bit in six is wrong', () => {
  const soft = Float64Array.from(encodeBits(message), (bit, i) => (i % 6 === 0 ? -1 : 1) * (bit ? 1 : -1));
  expect(decodeBits(soft, message.length)).toEqual(message);
});

test('a message is read from soft values that are mostly noise', () => {
  const gauss = () => Array.from({ length: 12 }, () => random.unit()).reduce((sum, value) => sum + value, -6);
  const soft = Float64Array.from(encodeBits(message), (bit) => (bit ? 0.9 : -0.9) + gauss());
  const wrong = encodeBits(message).filter((bit, i) => (soft[i]! > 0 ? 1 : 0) !== bit).length;
  expect(wrong).toBeGreaterThan(0.1 * codedLength(message.length));
  expect(decodeBits(soft, message.length)).toEqual(message);
});
