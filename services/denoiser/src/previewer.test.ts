import type { Conditioning } from '@cinematica/svd';
import { setTimeout as delay } from 'node:timers/promises';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { createPreviewer } from './previewer.ts';

const size = { channels: 4, height: 6, width: 10 };
const frames = 3;
const photo: Conditioning = {
  ...size,
  imageEmbedding: new Float32Array(48),
  imageLatents: new Float32Array(size.channels * size.height * size.width),
  previewMap: Float32Array.from({ length: (size.channels + 1) * 3 }, (_, i) => i * 10),
};
const x0 = (value: number) => new Float32Array(frames * size.channels * size.height * size.width).fill(value);

/** A previewer, and the steps of its previews so far. */
function createTestPreviewer(interval: number, put: (step: number) => void = () => undefined) {
  const shown: { step: number; mediaType: string; data: Uint8Array }[] = [];
  const previewer = createPreviewer(
    photo,
    (step, mediaType, data) => {
      shown.push({ step, mediaType, data });
      put(step);
    },
    interval,
  );
  return { previewer, shown, steps: () => shown.map(({ step }) => step) };
}

test('a preview is an animated WebP with one pixel for each latent position', async () => {
  const { previewer, shown } = createTestPreviewer(0);
  previewer.show(1, x0(0.5));
  await previewer.finish();
  expect(shown).toMatchObject([{ step: 1, mediaType: 'image/webp' }]);
  const { format, width, height, pageHeight = height } = await sharp(shown[0]!.data, { pages: -1 }).metadata();
  expect({ format, width, pageHeight }).toEqual({ format: 'webp', width: size.width, pageHeight: size.height });
});

test('while a preview is encoded, later steps replace each other', async () => {
  const { previewer, steps } = createTestPreviewer(0);
  for (let step = 1; step <= 4; step++) previewer.show(step, x0(step / 4));
  await previewer.finish();
  expect(steps()).toEqual([1, 4]);
});

test('steps within the interval are skipped, except for the last one', async () => {
  const { previewer, steps } = createTestPreviewer(3_600_000);
  previewer.show(1, x0(0));
  await expect.poll(steps).toEqual([1]);
  previewer.show(2, x0(0.2));
  previewer.show(3, x0(0.3));
  await delay(50);
  expect(steps()).toEqual([1]);
  await previewer.finish();
  expect(steps()).toEqual([1, 3]);
});

test('finish without a step makes no preview', async () => {
  const { previewer, steps } = createTestPreviewer(0);
  await previewer.finish();
  expect(steps()).toEqual([]);
});

test('a preview that cannot be encoded is skipped', async () => {
  const { previewer, steps } = createTestPreviewer(0);
  previewer.show(1, new Float32Array(0));
  await previewer.finish();
  previewer.show(2, x0(0.5));
  await previewer.finish();
  expect(steps()).toEqual([2]);
});
