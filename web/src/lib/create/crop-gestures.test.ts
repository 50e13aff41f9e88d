import { beforeEach, expect, test } from 'vitest';
import { createCropGestures } from './crop-gestures.ts';
import type { CropGestures, Pointer } from './crop-gestures.ts';
import { DEFAULT_CROP } from './crop.ts';
import type { Crop } from './crop.ts';

// At zoom 2 a quarter of the photo is visible, in a frame of 100 × 100 pixels at (50, 20) on the screen.
const photo = { width: 400, height: 400 };
const frame = { width: 100, height: 100 };
const bounds = { left: 50, top: 20, width: 100, height: 100 };
let crop: Crop;
let gestures: CropGestures;

beforeEach(() => {
  crop = { x: 0.5, y: 0.5, zoom: 2 };
  gestures = createCropGestures(
    () => ({ photo, frame, crop }),
    () => bounds,
    (next) => (crop = next),
  );
});

/** A pointer at this pixel of the frame. */
const at = (x: number, y: number, pointerId = 1, timeStamp = 1000): Pointer => ({
  pointerId,
  clientX: bounds.left + x,
  clientY: bounds.top + y,
  timeStamp,
});

function tap(x: number, y: number, timeStamp: number): void {
  gestures.down(at(x, y, 1, timeStamp));
  gestures.up(at(x, y, 1, timeStamp), false);
}

test('a drag moves the photo with the pointer', () => {
  gestures.down(at(50, 50));
  expect(gestures.move(at(70, 40))).toBe(true);
  expect(crop).toEqual({ x: 0.4, y: 0.55, zoom: 2 });
  expect(gestures.up(at(70, 40), false)).toBe(true);
  expect(crop).toEqual({ x: 0.4, y: 0.55, zoom: 2 });
});

test('a pointer that is not pressed moves nothing', () => {
  expect(gestures.move(at(70, 40))).toBe(false);
  expect(gestures.up(at(70, 40), false)).toBe(false);
  expect(crop).toEqual({ x: 0.5, y: 0.5, zoom: 2 });
});

test('a tap changes nothing, even if the finger trembles, because fingers touch the photo when they scroll', () => {
  gestures.down(at(60, 50));
  expect(gestures.move(at(64, 52))).toBe(false);
  gestures.up(at(60, 50), false);
  expect(crop).toEqual({ x: 0.5, y: 0.5, zoom: 2 });
});

test('a double tap zooms out and in again, a slow second tap does not', () => {
  tap(50, 50, 1000);
  tap(50, 50, 1400);
  expect(crop.zoom).toBe(2);
  tap(50, 50, 1600);
  expect(crop).toEqual(DEFAULT_CROP);
  tap(75, 50, 3000);
  tap(75, 50, 3100);
  expect(crop).toMatchObject({ x: 0.625, zoom: 2 });
});

test('a cancelled press is no tap', () => {
  gestures.down(at(90, 90));
  gestures.up(at(90, 90), true);
  expect(crop).toEqual({ x: 0.5, y: 0.5, zoom: 2 });
});

test('two fingers zoom by the growth of their distance, and their end is no tap', () => {
  gestures.down(at(40, 50, 1));
  gestures.down(at(60, 50, 2));
  expect(gestures.move(at(80, 50, 2))).toBe(true);
  expect(crop.zoom).toBeCloseTo(4);
  expect(gestures.up(at(80, 50, 2), false)).toBe(false);
  const pinched = crop;
  expect(gestures.up(at(40, 50, 1), false)).toBe(true);
  expect(crop).toBe(pinched);
});

test('the wheel zooms in when it is turned up, around the pointer', () => {
  gestures.wheel({ ...at(50, 50), deltaY: -100, ctrlKey: false });
  expect(crop.zoom).toBeCloseTo(2 * Math.exp(0.16));
  expect([crop.x, crop.y]).toEqual([0.5, 0.5]);
});
