import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { decode, denoise, encode, openCheckpoint, openModel, resolveSettings } from '@cinematica/svd';
import type { RgbImage } from '@cinematica/svd';
import { writeDiffusers } from './write-diffusers.ts';
import { writeOriginal } from './write-original.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'layouts-'));
  await writeDiffusers(join(folder, 'diffusers'));
  await writeOriginal(join(folder, 'original', 'svd_xt.safetensors'));
});
afterAll(() => rm(folder, { recursive: true }));

const photo: RgbImage = {
  width: 80,
  height: 64,
  data: Uint8Array.from({ length: 80 * 64 * 3 }, (_, i) => (i * 7) % 251),
};

/** The frames of a short video. */
async function framesOf(path: string): Promise<Buffer> {
  await using model = await openModel(path, { provider: 'cpu', threads: 1 });
  const settings = resolveSettings(model.checkpoint.card, { width: 64, height: 32, frames: 2, steps: 2, seed: 5 });
  const conditioning = await encode(model, photo, settings);
  const latents = await denoise(model, conditioning, settings);
  const frames: Buffer[] = [];
  const { channels, height, width } = conditioning;
  for await (const { data } of decode(model, latents, { channels, height, width }, 2)) frames.push(Buffer.from(data));
  return Buffer.concat(frames);
}

test('one file in the original layout makes the same bytes as the folder in diffusers’ layout', async () => {
  const expected = await framesOf(join(folder, 'diffusers'));
  expect(new Set(expected).size).toBeGreaterThan(50);
  expect(Buffer.compare(await framesOf(join(folder, 'original')), expected)).toBe(0);
});

test('the configs of the original layout follow from the tensors, the number of frames from the name', async () => {
  const diffusers = await openCheckpoint(join(folder, 'diffusers'));
  const original = await openCheckpoint(join(folder, 'original', 'svd_xt.safetensors'));
  expect(original.unet.architecture).toEqual(diffusers.unet.architecture);
  expect(original.vae.config).toEqual(diffusers.vae.config);
  expect(original.imageEncoder.config).toEqual(diffusers.imageEncoder.config);
  expect(original.scheduler).toEqual(diffusers.scheduler);
  expect([original.card.window, original.card.name, original.warnings]).toEqual([25, 'svd-xt', []]);
});
