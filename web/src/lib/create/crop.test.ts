import { cropToAspect } from '@cinematica/svd';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isDefaultCrop, MAX_ZOOM, panCrop, pinchCrop, visiblePart, clampCrop, DEFAULT_CROP, zoomCrop } from './crop.ts';
import type { Crop } from './crop.ts';

const side = fc.integer({ min: 16, max: 4000 });
const size = fc.record({ width: side, height: side });
const part = fc.double({ min: 0, max: 1, noNaN: true });
const point = fc.record({ x: part, y: part });
const zoom = fc.double({ min: 1, max: MAX_ZOOM, noNaN: true });
const anyCrop = fc.record({ x: part, y: part, zoom });
const factor = fc.double({ min: 0.05, max: 20, noNaN: true });

const near = (actual: number, wanted: number): void => expect(Math.abs(actual - wanted)).toBeLessThan(1e-9);

function expectInside(
  crop: Crop,
  photo: Parameters<typeof visiblePart>[0],
  frame: Parameters<typeof visiblePart>[1],
): void {
  const { width, height } = visiblePart(photo, frame, crop.zoom);
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
  it('has the frame’s shape, and touches two edges of the photo at zoom 1', () => {
    fc.assert(
      fc.property(size, size, zoom, (photo, frame, z) => {
        const { width, height } = visiblePart(photo, frame, z);
        const ratio = (width * photo.width) / (height * photo.height) / (frame.width / frame.height);
        near(ratio, 1);
        near(Math.max(width, height) * z, 1);
      }),
    );
  });

  it('never leaves the photo, whatever the gesture', () => {
    fc.assert(
      fc.property(size, size, anyCrop, point, point, point, point, factor, (photo, frame, start, a, b, c, d, f) => {
        const crop = clampCrop(start, photo, frame);
        expectInside(crop, photo, frame);
        expectInside(panCrop(crop, { x: a.x * 4 - 2, y: a.y * 4 - 2 }, photo, frame), photo, frame);
        expectInside(zoomCrop(crop, f, b, photo, frame), photo, frame);
        expectInside(pinchCrop(crop, { from: [a, b], to: [c, d] }, photo, frame, f), photo, frame);
      }),
    );
  });

  it('is not changed by clamping when it is already inside', () => {
    fc.assert(
      fc.property(size, size, anyCrop, (photo, frame, start) => {
        const crop = clampCrop(start, photo, frame);
        expect(clampCrop(crop, photo, frame)).toEqual(crop);
      }),
    );
  });

  it('keeps the point under the pointer in place while zooming in', () => {
    fc.assert(
      fc.property(size, size, anyCrop, point, zoom, (photo, frame, start, at, f) => {
        const crop = clampCrop(start, photo, frame);
        const after = zoomCrop(crop, f, at, photo, frame);
        const place = (c: Crop): number[] => {
          const { width, height } = visiblePart(photo, frame, c.zoom);
          return [c.x + (at.x - 0.5) * width, c.y + (at.y - 0.5) * height];
        };
        const [before, now] = [place(crop), place(after)];
        near(now[0]!, before[0]!);
        near(now[1]!, before[1]!);
      }),
    );
  });

  it('returns to its place when a pan is reversed', () => {
    // At zoom 4 in the centre, a small step stays away from the edges.
    const step = fc.double({ min: -0.3, max: 0.3, noNaN: true });
    fc.assert(
      fc.property(size, size, step, step, (photo, frame, x, y) => {
        const crop = { x: 0.5, y: 0.5, zoom: 4 };
        const there = panCrop(crop, { x, y }, photo, frame);
        const back = panCrop(there, { x: -x, y: -y }, photo, frame);
        near(back.x, 0.5);
        near(back.y, 0.5);
      }),
    );
  });

  it('covers the same pixels as the pipeline’s crop, to within one', () => {
    const small = fc.record({ width: fc.integer({ min: 16, max: 120 }), height: fc.integer({ min: 16, max: 120 }) });
    fc.assert(
      fc.property(small, small, anyCrop, (photo, frame, start) => {
        const crop = clampCrop(start, photo, frame);
        const data = new Uint8Array(photo.width * photo.height * 3);
        for (let i = 0; i < photo.width * photo.height; i++) {
          data[i * 3] = i % photo.width;
          data[i * 3 + 1] = Math.floor(i / photo.width);
        }
        const cut = cropToAspect({ ...photo, data }, frame, crop);
        const { width, height } = visiblePart(photo, frame, crop.zoom);
        expect(Math.abs(cut.width - width * photo.width)).toBeLessThanOrEqual(1);
        expect(Math.abs(cut.height - height * photo.height)).toBeLessThanOrEqual(1);
        expect(Math.abs(cut.data[0]! - (crop.x - width / 2) * photo.width)).toBeLessThanOrEqual(1);
        expect(Math.abs(cut.data[1]! - (crop.y - height / 2) * photo.height)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('is the default only at the centre and at zoom 1', () => {
    expect(isDefaultCrop(DEFAULT_CROP)).toBe(true);
    expect(isDefaultCrop({ ...DEFAULT_CROP, zoom: 1.01 })).toBe(false);
    expect(isDefaultCrop({ ...DEFAULT_CROP, x: 0.4 })).toBe(false);
  });
});
