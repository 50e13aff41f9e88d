import { expect, test } from 'vitest';
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

test('a chunk whose maps are too large for a device with little memory is decoded in parts of one length', async () => {
  await using model = await openModel(join(folder, 'checkpoint'), { provider: 'cpu', threads: 1 });
  const [height, width, scale] = [72, 128, model.checkpoint.vae.scaleFactor];
  const pixels = height * width * scale ** 2;
  const lengths: number[] = [];
  const channels = [128, 256];
  const { decoder } = model.checkpoint;
  const large: Model = {
    ...model,
    lowMemory: true,
    runtime: { ...model.runtime, provider: 'cuda' },
    checkpoint: {
      ...model.checkpoint,
      decoder: { ...decoder, config: { ...decoder.config, block_out_channels: channels } as typeof decoder.config },
    },
    run(_part, _shape, _build, { latents }) {
      const [frames = 0] = latents?.dims ?? [];
      lengths.push(frames);
      const data = new Uint8Array(frames * pixels * 3).map((_, i) => lengths.length + Math.floor(i / (3 * pixels)));
      return Promise.resolve({ frames: { type: 'uint8', dims: [frames], data } });
    },
  };
  const size = { channels: 4, height, width };
  const chunk = { first: 4, count: 7, longest: 7 };
  const { data, count, first } = await decodeOneChunk(large, new Float32Array(11 * 4 * height * width), size, chunk);
  expect([first, count, data.length]).toEqual([4, 7, 7 * pixels * 3]);
  const most = Math.floor(2 ** 29 / (256 * pixels));
  expect(new Set(lengths).size).toBe(1);
  expect(lengths[0]).toBeLessThanOrEqual(most);
});
