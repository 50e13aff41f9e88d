import { Resolution } from '@cinematica/protocol/v1';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { outputSize } from './output-size.ts';

const wide = { width: 512, height: 288 };
const phone = { width: 2560, height: 1920 };

test.each([
  ['HD by default', Resolution.UNSPECIFIED, phone, 1, { width: 1280, height: 720 }],
  ['HD', Resolution.HD, phone, 1, { width: 1280, height: 720 }],
  ['full HD', Resolution.FULL_HD, phone, 1, { width: 1920, height: 1080 }],
  ['the size of the frames', Resolution.MODEL, phone, 1, wide],
  ['no more than the photo has', Resolution.FULL_HD, { width: 1000, height: 800 }, 1, { width: 1000, height: 562 }],
  ['no more than the crop has', Resolution.HD, phone, 4, { width: 640, height: 360 }],
  ['no less than the frames', Resolution.HD, { width: 300, height: 300 }, 1, wide],
])('gives %s', (_, resolution, photo, zoom, expected) => {
  expect(outputSize(wide, photo, { resolution, zoom })).toEqual(expected);
});

test('a frame is not enlarged more than four times, and never made smaller', () => {
  expect(outputSize({ width: 64, height: 64 }, phone, { resolution: Resolution.HD })).toEqual({
    width: 256,
    height: 256,
  });
  const large = { width: 1024, height: 1024 };
  expect(outputSize(large, phone, { resolution: Resolution.HD })).toEqual(large);
});

test('both sides are even, and the shape is that of the frames to within a pixel', () => {
  const side = fc.integer({ min: 2, max: 128 }).map((eighth) => 8 * eighth);
  const size = fc.record({ width: side, height: side });
  fc.assert(
    fc.property(size, size, fc.constantFrom(Resolution.HD, Resolution.FULL_HD), (frame, photo, resolution) => {
      const { width, height } = outputSize(frame, photo, { resolution });
      expect([width % 2, height % 2]).toEqual([0, 0]);
      const scale = width / frame.width;
      expect(Math.abs(height - frame.height * scale)).toBeLessThanOrEqual(1 + frame.height / frame.width);
    }),
  );
});
