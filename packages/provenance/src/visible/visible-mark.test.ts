import { expect, test } from 'vitest';
import { createVisibleMark } from './visible-mark.ts';

test('the label is drawn in the lower left corner only: light letters on a darker ground', () => {
  const [width, height] = [640, 360];
  const frame = new Uint8Array(3 * width * height).fill(128);
  createVisibleMark(width, height).draw(frame);
  const changed = Array.from({ length: width * height }, (_, i) => i).filter((i) => frame[3 * i] !== 128);
  expect(changed.length).toBeGreaterThan(300);
  expect(Math.max(...changed.map((i) => i % width))).toBeLessThan(width / 8);
  expect(Math.min(...changed.map((i) => Math.floor(i / width)))).toBeGreaterThan((height * 7) / 8);
  const values = changed.map((i) => frame[3 * i]!);
  expect(Math.min(...values)).toBeLessThan(90);
  expect(Math.max(...values)).toBeGreaterThan(230);
});

test.each([1, 5, 13])('a frame of %d pixels can be labelled', (side) => {
  const frame = new Uint8Array(3 * side * side).fill(128);
  createVisibleMark(side, side).draw(frame);
  expect(frame.some((value) => value !== 128)).toBe(true);
});
