import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cropToAspect, resizeImage } from './fit-image.ts';
import type { RgbImage } from './image.ts';

/** An image in which each pixel contains its own coordinates. */
const chart = (width: number, height: number): RgbImage => ({
  width,
  height,
  data: Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const place = Math.floor(i / 3);
    return [place % width, Math.floor(place / width), 7][i % 3]!;
  }),
});

describe('cropToAspect', () => {
  test('crops the largest part with the aspect ratio around the focus', () => {
    const image = chart(100, 40);
    const middle = cropToAspect(image, { width: 64, height: 64 });
    expect([middle.width, middle.height]).toEqual([40, 40]);
    expect([...middle.data.slice(0, 3)]).toEqual([30, 0, 7]);
    expect([...middle.data.slice(-3)]).toEqual([69, 39, 7]);
    expect(cropToAspect(image, { width: 1, height: 1 }, { x: 0.99, y: 0 }).data[0]).toBe(60);
    expect(cropToAspect(image, { width: 500, height: 200 })).toBe(image);
  });

  test('returns a part of the image with the requested aspect ratio', () => {
    const side = fc.integer({ min: 1, max: 120 });
    const focus = fc.record({
      x: fc.double({ min: 0, max: 1, noNaN: true }),
      y: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(side, side, side, side, focus, (w, h, width, height, point) => {
        const part = cropToAspect(chart(w, h), { width, height }, point);
        expect(part.data.length).toBe(part.width * part.height * 3);
        expect(part.width === w || part.height === h).toBe(true);
        const ideal = Math.min(w / width, h / height);
        expect(Math.abs(part.width - Math.max(1, width * ideal))).toBeLessThanOrEqual(0.5);
        expect(Math.abs(part.height - Math.max(1, height * ideal))).toBeLessThanOrEqual(0.5);
        const [left, top] = [part.data[0]!, part.data[1]!];
        expect([...part.data.slice(-3)]).toEqual([left + part.width - 1, top + part.height - 1, 7]);
      }),
    );
  });
});

test('resizeImage resizes to exactly the given size and keeps the orientation', async () => {
  const image: RgbImage = {
    width: 90,
    height: 60,
    data: Uint8Array.from(
      { length: 90 * 60 * 3 },
      (_, i) => (Math.floor(i / 3) % 90 < 45 ? [250, 10, 90] : [10, 250, 90])[i % 3]!,
    ),
  };
  const small = await resizeImage(image, { width: 16, height: 40 });
  expect([small.width, small.height, small.data.length]).toEqual([16, 40, 16 * 40 * 3]);
  expect([...small.data.slice(0, 3)]).toEqual([250, 10, 90]);
  expect([...small.data.slice(-3)]).toEqual([10, 250, 90]);
  expect(await resizeImage(image, { width: 90, height: 60 })).toBe(image);
});
