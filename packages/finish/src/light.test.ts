import { expect, test } from 'vitest';
import { createPlane } from './image/plane.ts';
import { LIGHT_REACH, steadyLight } from './light.ts';
import type { SoftPicture } from './light.ts';

function plane(value: number) {
  const made = createPlane(4, 3);
  made.data.fill(value);
  return made;
}

const light = (value: number): SoftPicture => [plane(value), plane(value), plane(-value)];
const steady = (values: readonly number[], trust: readonly number[], at = LIGHT_REACH) =>
  steadyLight(
    values.map((value, i) => ({ light: light(value), trust: plane(trust[i]!) })),
    at,
  ).map(({ data }) => data[0]!);

test('light that changes evenly stays as it is', () => {
  const [r, g, b] = steady([1, 2, 3, 4, 5], [1, 1, 1, 1, 1]);
  for (const [value, wanted] of [
    [r, 3],
    [g, 3],
    [b, -3],
  ]) {
    expect(value).toBeCloseTo(wanted!);
  }
});

test('flicker from frame to frame is taken away', () => {
  expect(steady([4, -4, 4, -4, 4], [1, 1, 1, 1, 1])[0]).toBeCloseTo(0);
});

test('light of a place that is not trusted does not count', () => {
  expect(steady([2, 100, 2, 100, 2], [1, 0, 1, 0, 1])[0]).toBeCloseTo(2, 0);
});

test('a frame without neighbours keeps its light', () => {
  expect(steady([7], [1], 0)[0]).toBeCloseTo(7);
});
