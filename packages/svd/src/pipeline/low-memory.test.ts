import { describe, expect, test } from 'vitest';
import { openGolden, requestOf } from '../parity/golden.ts';
import { compare } from '../parity/compare.ts';
import { decodeOneChunk } from './decode.ts';
import { denoise } from './denoise.ts';
import { openModel } from './model.ts';
import type { Model } from './model.ts';
import { resolveSettings } from './settings.ts';
import { join } from 'node:path';

const folder = join(import.meta.dirname, '../../../../test/golden/tiny');

test('guidance by two runs of a step equals guidance by one with twice the frames, also with kept tensors', async () => {
  const golden = await openGolden(folder);
  await using model = await openModel(join(folder, 'checkpoint'), { provider: 'cpu', threads: 1 });
  const { scaleFactor } = model.checkpoint.vae;
  const conditioning = {
    channels: 4,
    height: golden.params.height / scaleFactor,
    width: golden.params.width / scaleFactor,
    imageEmbedding: await golden.floats('clip_image_embeds'),
    imageLatents: await golden.floats('vae_image_latents'),
    previewMap: new Float32Array(),
  };
  const settings = resolveSettings(model.checkpoint.card, {
    ...requestOf(golden),
    ...{ maxGuidance: 3, steps: 4, guidanceSteps: 3, cacheInterval: 2 },
  });
  const noise = await golden.floats('noise_init');
  const run = (lowMemory: boolean) => denoise({ ...model, lowMemory }, conditioning, settings, { noise });
  const usual = await run(false);
  expect(compare('latents', await run(true), usual)).toMatchObject({ passed: true });
  // It is a difference between the modes that no guidance at all is not.
  const unguided = await denoise(model, conditioning, { ...settings, maxGuidance: 1 }, { noise });
  expect(compare('latents', unguided, usual)).toMatchObject({ passed: false });
});

describe.each([
  [7, 7],
  [6, 7],
  [5, 7],
  [4, 7],
])('a chunk of %i frames beside one of %i, on a device with little memory,', (count, longest) => {
  test('is decoded in parts of one length, with every frame in its place', async () => {
    await using model = await openModel(join(folder, 'checkpoint'), { provider: 'cpu', threads: 1 });
    const [channels, height, width, scale] = [4, 72, 128, model.checkpoint.vae.scaleFactor];
    const pixels = height * width * scale ** 2;
    const { decoder } = model.checkpoint;
    // The largest map has so many channels that 6 frames fit.
    const config = { ...decoder.config, decoder_block_out_channels: [32, Math.floor(2 ** 29 / (6 * pixels))] };
    const lengths: number[] = [];
    const large: Model = {
      ...model,
      lowMemory: true,
      runtime: { ...model.runtime, provider: 'cuda' },
      checkpoint: { ...model.checkpoint, decoder: { ...decoder, config } },
      // Each frame is filled with the first number of its latents.
      run(_part, _shape, _build, { latents }) {
        const [frames = 0] = latents?.dims ?? [];
        lengths.push(frames);
        const data = new Uint8Array(frames * pixels * 3);
        for (let i = 0; i < frames; i++) {
          const value = Number(latents?.data[i * channels * height * width]);
          data.fill(value, i * pixels * 3, (i + 1) * pixels * 3);
        }
        return Promise.resolve({ frames: { type: 'uint8', dims: [frames], data } });
      },
    };
    const latents = new Float32Array((4 + count) * channels * height * width);
    for (let i = 0; i < 4 + count; i++) latents[i * channels * height * width] = i + 1;
    const chunk = { first: 4, count, longest };
    const { data, first } = await decodeOneChunk(large, latents, { channels, height, width }, chunk);
    expect([first, data.length]).toEqual([4, count * pixels * 3]);
    const values = Array.from({ length: count }, (_, i) => [data[i * pixels * 3], data[(i + 1) * pixels * 3 - 1]]);
    expect(values).toEqual(Array.from({ length: count }, (_, i) => [i + 5, i + 5]));
    expect(new Set(lengths)).toEqual(new Set([4]));
  });
});
