import { cropToAspect } from '@cinematica/svd';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { centredOn, isWhole, MAX_ZOOM, moved, pinched, seen, settled, WHOLE, zoomed } from './crop.ts';
import type { Crop } from './crop.ts';

const side = fc.integer({ min: 16, max: 4000 });
const size = fc.record({ width: side, height: side });
const part = fc.double({ min: 0, max: 1, noNaN: true });
const point = fc.record({ x: part, y: part });
const zoom = fc.double({ min: 1, max: MAX_ZOOM, noNaN: true });
const anyCrop = fc.record({ x: part, y: part, zoom });
const factor = fc.double({ min: 0.05, max: 20, noNaN: true });

const near = (actual: number, wanted: number): void => expect(Math.abs(actual - wanted)).toBeLessThan(1e-9);

function expectInside(crop: Crop, photo: Parameters<typeof seen>[0], frame: Parameters<typeof seen>[1]): void {
  const { width, height } = seen(photo, frame, crop.zoom);
  expect(crop.zoom).toBeGreaterThanOrEqual(1);
  expect(crop.zoom).toBeLessThanOrEqual(MAX_ZOOM);
  for (const [middle, window] of [
    [crop.x, width],
    [crop.y, height],
  ] as const) {
    expect(middle - window / 2).toBeGreaterThanOrEqual(-1e-9);
    expect(middle + window / 2).toBeLessThanOrEqual(1 + 1e-9);
  }
}

describe('a crop', () => {
  it('shows the frame’s shape, and touches two edges of the photo where it is largest', () => {
    fc.assert(
      fc.property(size, size, zoom, (photo, frame, z) => {
        const { width, height } = seen(photo, frame, z);
        const ratio = (width * photo.width) / (height * photo.height) / (frame.width / frame.height);
        near(ratio, 1);
        near(Math.max(width, height) * z, 1);
      }),
    );
  });

  it('never leaves the photo, whatever is done to it', () => {
    fc.assert(
      fc.property(size, size, anyCrop, point, point, point, point, factor, (photo, frame, start, a, b, c, d, f) => {
        const crop = settled(start, photo, frame);
        expectInside(crop, photo, frame);
        expectInside(moved(crop, { x: a.x * 4 - 2, y: a.y * 4 - 2 }, photo, frame), photo, frame);
        expectInside(zoomed(crop, f, b, photo, frame), photo, frame);
        expectInside(centredOn(crop, c, photo, frame), photo, frame);
        expectInside(pinched(crop, { from: [a, b], to: [c, d] }, photo, frame, f), photo, frame);
      }),
    );
  });

  it('is left alone where it is inside already', () => {
    fc.assert(
      fc.property(size, size, anyCrop, (photo, frame, start) => {
        const crop = settled(start, photo, frame);
        expect(settled(crop, photo, frame)).toEqual(crop);
      }),
    );
  });

  it('keeps what is under the pointer there while zooming in', () => {
    fc.assert(
      fc.property(size, size, anyCrop, point, zoom, (photo, frame, start, at, f) => {
        const crop = settled(start, photo, frame);
        const after = zoomed(crop, f, at, photo, frame);
        const place = (c: Crop): number[] => {
          const { width, height } = seen(photo, frame, c.zoom);
          return [c.x + (at.x - 0.5) * width, c.y + (at.y - 0.5) * height];
        };
        const [before, now] = [place(crop), place(after)];
        near(now[0]!, before[0]!);
        near(now[1]!, before[1]!);
      }),
    );
  });

  it('goes back where it came from', () => {
    // In the middle of a photo that is seen at a quarter of its size, a small step meets no edge.
    const step = fc.double({ min: -0.3, max: 0.3, noNaN: true });
    fc.assert(
      fc.property(size, size, step, step, (photo, frame, x, y) => {
        const crop = { x: 0.5, y: 0.5, zoom: 4 };
        const there = moved(crop, { x, y }, photo, frame);
        const back = moved(there, { x: -x, y: -y }, photo, frame);
        near(back.x, 0.5);
        near(back.y, 0.5);
      }),
    );
  });

  it('is what the model is given: the same pixels, to within a half', () => {
    const small = fc.record({ width: fc.integer({ min: 16, max: 120 }), height: fc.integer({ min: 16, max: 120 }) });
    fc.assert(
      fc.property(small, small, anyCrop, (photo, frame, start) => {
        const crop = settled(start, photo, frame);
        const data = new Uint8Array(photo.width * photo.height * 3);
        for (let i = 0; i < photo.width * photo.height; i++) {
          data[i * 3] = i % photo.width;
          data[i * 3 + 1] = Math.floor(i / photo.width);
        }
        const cut = cropToAspect({ ...photo, data }, frame, crop);
        const { width, height } = seen(photo, frame, crop.zoom);
        expect(Math.abs(cut.width - width * photo.width)).toBeLessThanOrEqual(1);
        expect(Math.abs(cut.height - height * photo.height)).toBeLessThanOrEqual(1);
        expect(Math.abs(cut.data[0]! - (crop.x - width / 2) * photo.width)).toBeLessThanOrEqual(1);
        expect(Math.abs(cut.data[1]! - (crop.y - height / 2) * photo.height)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('is the API’s own until something is chosen', () => {
    expect(isWhole(WHOLE)).toBe(true);
    expect(isWhole({ ...WHOLE, zoom: 1.01 })).toBe(false);
    expect(isWhole({ ...WHOLE, x: 0.4 })).toBe(false);
  });
});
