import { expect, test } from 'vitest';
import { createMarkDetector } from './detect.ts';
import { createMarker } from './embed.ts';
import { readMarkKeys } from './keys.ts';
import { videoNumber } from './payload.ts';

const keys = readMarkKeys(`${'a'.repeat(32)},${'b'.repeat(32)}`) as [Uint8Array, Uint8Array];
const payload = { installation: 200, video: videoNumber('0192b2c0') };
const size = { width: 640, height: 360 };

/** A picture of soft hills and fine grain: RGB, 8 bits. */
function picture({ width, height }: typeof size, move = 0): Uint8Array {
  let noise = 1 + move;
  const data = new Uint8Array(3 * width * height);
  for (let i = 0; i < width * height; i++) {
    const [x, y] = [(i % width) + move, Math.floor(i / width)];
    noise = (noise * 48_271) % 2_147_483_647;
    const value =
      120 + 60 * Math.sin(x / 37) * Math.cos(y / 23) + 25 * Math.sin((x * y) / 900) + (12 * noise) / 2_147_483_647;
    data.fill(value, 3 * i, 3 * i + 3);
  }
  return data;
}

const gray = (rgb: Uint8Array): Uint8Array => rgb.filter((_, i) => i % 3 === 1);

function marked(move = 0): Uint8Array {
  const frame = picture(size, move);
  createMarker({ ...size, key: keys[0], payload }).mark(frame);
  return frame;
}

function crop(data: Uint8Array, left: number, top: number, width: number, height: number): Uint8Array {
  return Uint8Array.from({ length: width * height }, (_, i) => {
    const row = top + Math.floor(i / width);
    return data[row * size.width + left + (i % width)]!;
  });
}

test('a mark is found with its key, wherever the key is in the list', () => {
  const detector = createMarkDetector(size);
  detector.add({ ...size, data: gray(marked()) });
  expect(detector.find([keys[1], keys[0]])).toMatchObject({ key: 1, payload });
  expect(detector.find([keys[1]])).toBeNull();
});

test('a picture without a mark has none', () => {
  const detector = createMarkDetector(size);
  detector.add({ ...size, data: gray(picture(size)) });
  expect(detector.find(keys)).toBeNull();
});

test('a mark is found in a part of a picture', () => {
  const part = { width: 420, height: 290 };
  const detector = createMarkDetector(part);
  detector.add({ ...part, data: crop(gray(marked()), 101, 33, 420, 290) });
  expect(detector.find(keys)).toMatchObject({ key: 0, payload });
});

test('a mark is found in a picture of half the size', () => {
  const half = { width: 320, height: 180 };
  const data = gray(marked());
  const small = Uint8Array.from({ length: 320 * 180 }, (_, i) => {
    const at = 2 * Math.floor(i / 320) * 640 + 2 * (i % 320);
    return (data[at]! + data[at + 1]! + data[at + 640]! + data[at + 641]!) / 4;
  });
  const detector = createMarkDetector(half);
  detector.add({ ...half, data: small });
  expect(detector.find(keys)).toMatchObject({ key: 0, payload });
});

test.each([
  ['with texture', picture(size)],
  ['without', new Uint8Array(3 * size.width * size.height).fill(128)],
])('the change of a picture %s is small, and not smaller in the first frame', (_, before) => {
  const marker = createMarker({ ...size, key: keys[0], payload });
  const psnr = [0, 7, 14, 200].map((index) => {
    const after = Uint8Array.from(before);
    marker.mark(after, index);
    const squares = before.reduce((sum, value, i) => sum + (value - after[i]!) ** 2, 0);
    return 10 * Math.log10(255 ** 2 / (squares / before.length));
  });
  expect(Math.min(...psnr)).toBeGreaterThan(42);
  expect(Math.max(...psnr)).toBeLessThan(55);
  // Rounding to whole values changes it by less than 0.05 dB.
  for (const [i, value] of psnr.slice(1).entries()) expect(value).toBeGreaterThan(psnr[i]! - 0.05);
  expect(psnr[2]).toBe(psnr[3]);
});

test('the same frame gets the same bytes', () => {
  expect(Buffer.compare(marked(), marked())).toBe(0);
});

test('pictures of another size are refused', () => {
  const detector = createMarkDetector(size);
  expect(() => detector.add({ width: 320, height: 360, data: new Uint8Array(320 * 360) })).toThrow(RangeError);
});

test.each([1, 7, 16])('a frame of %d pixels can be marked', (side) => {
  const frame = new Uint8Array(3 * side * side).fill(128);
  createMarker({ width: side, height: side, key: keys[0], payload }).mark(frame);
  expect(frame).toHaveLength(3 * side * side);
});

test.each(['', 'short', `${'a'.repeat(32)},`, `${'a'.repeat(32)},short`])(
  'keys that are too short are refused: %j',
  (text) => {
    expect(() => readMarkKeys(text)).toThrow('at least 32 characters');
  },
);
