import { expect, test } from 'vitest';
import { beforeCut, cutCentre } from './cut-centre.ts';

test('as much is cut off at opposite borders, and the picture has the wanted size', () => {
  const wanted = { width: 4, height: 2 };
  const size = beforeCut(wanted, 0.25);
  expect(size).toEqual({ width: 8, height: 4 });
  // Each pixel is its own place: column, row, 0.
  const picture = Uint8Array.from({ length: 3 * 8 * 4 }, (_, i) => [(i / 3) % 8, i / 24, 0][i % 3]!);
  const places = cutCentre(picture, size, wanted);
  const row = (y: number) => [2, 3, 4, 5].flatMap((x) => [x, y, 0]);
  expect([...places]).toEqual([...row(1), ...row(2)]);
});

test('without a margin, the picture is passed on as it is', () => {
  const wanted = { width: 5, height: 3 };
  const picture = new Uint8Array(45);
  expect(cutCentre(picture, beforeCut(wanted, 0), wanted)).toBe(picture);
});
