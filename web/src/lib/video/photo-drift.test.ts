import { CameraMove } from '@cinematica/protocol/v1';
import { expect, test } from 'vitest';
import { driftStyle } from './photo-drift.ts';

const moves = Object.values(CameraMove).filter((move) => typeof move === 'number');

test('no edge of the photo is seen, whatever the direction', () => {
  for (const move of moves) {
    const [x = NaN, y = NaN, from = NaN, to = NaN] = [...driftStyle(move).matchAll(/: (-?[\d.]+)/g)].map((found) =>
      Number(found[1]),
    );
    const margin = (50 * (Math.min(from, to) - 1)) / 1;
    expect(Math.max(Math.abs(x), Math.abs(y))).toBeLessThanOrEqual(margin);
  }
});

test('the photo moves against the camera', () => {
  expect(driftStyle(CameraMove.PAN_RIGHT)).toContain('--drift-x: -');
  expect(driftStyle(CameraMove.PUSH_IN)).toContain('--drift-to: 1.08');
});
