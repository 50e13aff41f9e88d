import { expect, test } from 'vitest';
import { placePhoto } from './place-photo.ts';

test('a photo of the same shape fills the frame', () => {
  const whole = { left: 0, top: 0, width: 100, height: 100 };
  expect(placePhoto({ width: 4000, height: 3000 }, { width: 400, height: 300 })).toMatchObject(whole);
});

test('the crop’s centre is in the middle of the frame, unless an edge of the photo would show', () => {
  const square = { width: 100, height: 100 };
  const wide = { width: 200, height: 100 };
  expect(placePhoto(wide, square)).toMatchObject({ left: -50, width: 200, height: 100 });
  expect(placePhoto(wide, square, { x: 0.4 }).left).toBeCloseTo(-30);
  expect(placePhoto(wide, square, { x: 1 }).left).toBe(-100);
  expect(placePhoto(wide, square, { x: 0 }).left).toBeCloseTo(0);
});

test('zoom shows a smaller part of the photo', () => {
  const place = placePhoto({ width: 100, height: 100 }, { width: 10, height: 10 }, { x: 0.5, y: 1, zoom: 2 });
  expect(place).toEqual({ left: -50, top: -100, width: 200, height: 200 });
});
