import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { openGolden } from '../parity/golden.ts';
import { clipPixelValues } from './clip-pixel-values.ts';
import { clipNormalizationSchema } from './clip-normalization.ts';
import { vaeInput } from './vae-input.ts';

const golden = await openGolden(fileURLToPath(new URL('../../../../test/golden/tiny-xt', import.meta.url)));

const difference = (a: Float32Array, b: Float32Array) => {
  expect(a.length).toBe(b.length);
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
};

const normalization = clipNormalizationSchema.parse({});

test('clipPixelValues equals diffusers', async () => {
  const values = clipPixelValues(await golden.image('clip_source_rgb_u8'), 224, normalization);
  // diffusers blurs in float32; its rounding errors have this magnitude.
  expect(difference(values, await golden.floats('clip_pixel_values'))).toBeLessThan(2e-5);
});

test('vaeInput equals diffusers exactly', async () => {
  const values = vaeInput(await golden.image('vae_source_rgb_u8'), await golden.floats('noise_aug'), 0.02);
  expect(values).toEqual(await golden.floats('vae_input'));
});

test.each([
  [1, 40, 7],
  [700, 3, 32],
  [33, 900, 14],
])('resizing %i×%i to %i keeps a uniform color and does not swap the axes', (width, height, size) => {
  const flat = { width, height, data: new Uint8Array(width * height * 3).fill(100) };
  const plain = clipNormalizationSchema.parse({ image_mean: [0, 0, 0], image_std: [1, 1, 1] });
  for (const value of clipPixelValues(flat, size, plain)) expect(value).toBeCloseTo(100 / 255, 6);

  // Channel 0 increases to the right, channel 1 downwards; channel 2 is constant.
  const ramp = { width, height, data: new Uint8Array(width * height * 3) };
  for (let i = 0; i < width * height; i++) {
    ramp.data[i * 3] = (255 * (i % width)) / width;
    ramp.data[i * 3 + 1] = (255 * Math.floor(i / width)) / height;
  }
  const values = clipPixelValues(ramp, size, plain);
  const at = (c: number, y: number, x: number) => values[(c * size + y) * size + x]!;
  expect(at(0, 0, size - 1) - at(0, 0, 0)).toBeCloseTo(width > 1 ? 1 : 0, 0);
  expect(at(0, size - 1, 0)).toBeCloseTo(at(0, 0, 0), 6);
  expect(at(1, size - 1, 0) - at(1, 0, 0)).toBeCloseTo(1, 0);
  expect(at(1, 0, size - 1)).toBeCloseTo(at(1, 0, 0), 6);
});

test('vaeInput rejects noise of another size', () => {
  const image = { width: 2, height: 2, data: new Uint8Array(12) };
  expect(() => vaeInput(image, new Float32Array(11), 0)).toThrow('noise for 2×2 must have 12 numbers, not 11');
});
