import { describe, expect, test } from 'vitest';
import { sampleBicubic } from '../image/bicubic.ts';
import { createPlane } from '../image/plane.ts';
import type { Plane } from '../image/plane.ts';
import { createLayout, openKernels } from '../kernels/kernels.ts';
import { texture } from '../testing/texture.ts';
import { computeFlow, FLOW_OPTIONS, PRECISE_FLOW_OPTIONS } from './inverse-search.ts';
import { buildPyramid, resizeFlow } from './pyramid.ts';

const [width, height] = [192, 144];
type Motion = (x: number, y: number) => readonly [u: number, v: number];

/** A picture whose pixel (x, y) shows what the source shows at (x, y) + motion(x, y). */
function move(source: Plane, motion: Motion): Plane {
  const rgb = { width, height, data: new Float32Array(3 * width * height) };
  for (let i = 0; i < source.data.length; i++) rgb.data.fill(source.data[i]!, 3 * i, 3 * i + 3);
  const moved = createPlane(width, height);
  const sample = new Float32Array(3);
  for (let i = 0; i < moved.data.length; i++) {
    const [x, y] = [i % width, Math.floor(i / width)];
    const [u, v] = motion(x, y);
    sampleBicubic(rgb, x + u, y + v, sample, 0);
    moved.data[i] = sample[0]!;
  }
  return moved;
}

/** The mean distance from the true motion, in pixels, away from the borders. */
function meanError(motion: Motion, options = FLOW_OPTIONS): number {
  const source = texture(width, height);
  const found = computeFlow(buildPyramid(move(source, motion)), buildPyramid(source), null, options);
  const { u, v } = resizeFlow(found, width, height);
  const errors: number[] = [];
  for (let y = 24; y < height - 24; y++) {
    for (let x = 24; x < width - 24; x++) {
      const [trueU, trueV] = motion(x, y);
      errors.push(Math.hypot(u[y * width + x]! - trueU, v[y * width + x]! - trueV));
    }
  }
  return errors.reduce((sum, error) => sum + error, 0) / errors.length;
}

describe('computeFlow', () => {
  test.each<[string, Motion]>([
    ['no motion', () => [0, 0]],
    ['a shift by parts of a pixel', () => [0.37, -0.62]],
    ['a shift by many pixels', () => [9.3, -6.8]],
    ['a rotation by two degrees', (x, y) => [-0.035 * (y - height / 2), 0.035 * (x - width / 2)]],
    ['a zoom by four per cent', (x, y) => [0.04 * (x - width / 2), 0.04 * (y - height / 2)]],
  ])('finds %s to a tenth of a pixel', (_name, motion) => {
    expect(meanError(motion)).toBeLessThan(0.1);
    expect(meanError(motion, PRECISE_FLOW_OPTIONS)).toBeLessThan(0.1);
  });

  test('the motion does not depend on what the memory held before', () => {
    // Neither is a multiple of four, so the last group of pixels reaches beyond the last row.
    const [from, to] = [texture(90, 54), texture(90, 54)].map((plane) => buildPyramid(plane));
    for (const value of [0, Number.NaN]) {
      const layout = createLayout();
      layout.reserve(1 << 20);
      openKernels(layout).floats.fill(value);
      const { u, v } = computeFlow(from!, to!);
      expect(Math.max(...u.map(Math.abs), ...v.map(Math.abs))).toBeLessThan(0.01);
    }
  });

  test('finds the motion of a thing before a plain background', () => {
    // The motion has 90 columns, which is not a multiple of four: behind the last column are pixels that belong to no row. The
    // background has no structure at all, as black or white that a picture can not exceed.
    const [wide, high] = [180, 108];
    const before = (left: number): Plane => {
      const picture = createPlane(wide, high);
      const { data } = texture(80, 60);
      for (let y = 0; y < 60; y++) picture.data.set(data.subarray(80 * y, 80 * (y + 1)), wide * (24 + y) + left);
      return picture;
    };
    const found = computeFlow(buildPyramid(before(50)), buildPyramid(before(53)));
    expect(found.u.every(Number.isFinite) && found.v.every(Number.isFinite)).toBe(true);
    const centre = 27 * found.width + 45;
    expect(found.u[centre]).toBeCloseTo(1.5, 1);
    expect(found.v[centre]).toBeCloseTo(0, 1);
  });

  test('throws when the motion is not finite', () => {
    const broken = createPlane(width, height);
    broken.data.fill(NaN);
    const pyramid = buildPyramid(broken);
    expect(() => computeFlow(pyramid, pyramid)).toThrow('the motion between two frames is not finite');
  });

  test('a change of brightness is no motion', () => {
    const source = texture(width, height);
    const brighter = { ...source, data: source.data.map((value) => value + 12) };
    const { u, v } = computeFlow(buildPyramid(source), buildPyramid(brighter));
    expect(Math.max(...u.map(Math.abs), ...v.map(Math.abs))).toBeLessThan(0.1);
  });
});
