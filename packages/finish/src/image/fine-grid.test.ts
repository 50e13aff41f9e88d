import { expect, test } from 'vitest';
import { texture, greyPicture } from '../testing/texture.ts';
import { createFineGrid, FINE_GRID_UNIT } from './fine-grid.ts';

test('even rows and columns are the picture itself', () => {
  const picture = greyPicture(texture(17, 11));
  const { width, height, data } = createFineGrid(picture);
  expect([width, height]).toEqual([33, 21]);
  for (let y = 0; y < 11; y++) {
    for (let x = 0; x < 3 * 17; x++) {
      const at = 3 * (2 * y * width + 2 * Math.floor(x / 3)) + (x % 3);
      expect(data[at]! / FINE_GRID_UNIT).toBe(picture.data[3 * 17 * y + x]);
    }
  }
});

test('a slope goes on half-way', () => {
  const [width, height] = [16, 14];
  const slope = Float32Array.from({ length: 3 * width * height }, (_, i) => {
    const pixel = Math.floor(i / 3);
    return 2 * (pixel % width) - 3 * Math.floor(pixel / width);
  });
  const fine = createFineGrid({ width, height, data: slope });
  // Away from the borders, which are repeated.
  for (let y = 6; y < fine.height - 6; y++) {
    for (let x = 6; x < fine.width - 6; x++) {
      expect(fine.data[3 * (y * fine.width + x)]! / FINE_GRID_UNIT).toBeCloseTo(x - 1.5 * y, 1);
    }
  }
});

test('pictures of one or two rows or columns have a grid', () => {
  for (const [width, height] of [
    [1, 1],
    [2, 1],
    [1, 3],
    [2, 2],
  ] as const) {
    const { data } = createFineGrid({ width, height, data: new Uint8Array(3 * width * height).fill(9) });
    expect([...data].every((value) => value === 9 * FINE_GRID_UNIT)).toBe(true);
  }
});
