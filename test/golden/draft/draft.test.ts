/** A quality with components of its own computes what a checkpoint with these components as its own computes. */
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decode, denoise, digestCheckpoint, openCheckpoint, openModel, resolveSettings } from '@cinematica/svd';
import type { Model } from '@cinematica/svd';
import { normals } from '@cinematica/svd/internal';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { tinyAutoencoder } from '../../../bench/full-size/configs.ts';
import { writeOtherUNet, writeTinyAutoencoder } from './write-draft.ts';

const tiny = join(import.meta.dirname, '../tiny/checkpoint');
const UNET = 'unet/diffusion_pytorch_model.fp16.safetensors';
const size = { channels: 4, height: 8, width: 12 };

let folder: string;
/** With the components of draft; with them as its own; and with none. */
let [draft, other, plain]: [string, string, string] = ['', '', ''];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'draft-'));
  [draft, other, plain] = [join(folder, 'draft-xt'), join(folder, 'other'), join(folder, 'plain')];
  const quality = { components: ['unet', 'vae'], sampler: 'animatelcm', settings: { steps: 2, frameInterval: 2 } };
  for (const path of [draft, other, plain]) {
    await cp(tiny, path, { recursive: true });
    await writeFile(join(path, 'cinematica.json'), JSON.stringify({ qualities: { draft: quality } }));
  }
  await writeOtherUNet(join(draft, 'draft/unet'), join(tiny, UNET));
  await writeTinyAutoencoder(join(draft, 'draft/vae'));
  await rm(join(other, UNET));
  await writeOtherUNet(join(other, 'unet'), join(tiny, UNET));
  await rm(join(other, 'vae'), { recursive: true });
  await writeTinyAutoencoder(join(other, 'vae'));
});
afterAll(() => rm(folder, { recursive: true }));

async function make(model: Model) {
  const request = { width: 48, height: 32, frames: 3, steps: 2, seed: 3, sampler: 'animatelcm' } as const;
  const settings = resolveSettings(model.checkpoint.card, { ...request, maxGuidance: 1, frameInterval: 2 });
  const values = (tensor: string, length: number) => normals({ seed: 9, segment: 0, step: 0, tensor }, length);
  const conditioning = {
    ...size,
    imageEmbedding: values('embedding', model.checkpoint.imageEncoder.config.projection_dim),
    imageLatents: values('latents', 4 * 8 * 12),
    previewMap: new Float32Array(),
  };
  const latents = await denoise(model, conditioning, settings);
  const frames: Uint8Array[] = [];
  for await (const { data } of decode(model, latents, size, 2)) frames.push(data);
  return { latents: Buffer.from(latents.buffer), frames: Buffer.concat(frames) };
}

test('draft computes what a checkpoint of its components computes, in turn with the model itself', async () => {
  await using model = await openModel(draft, { provider: 'cpu', threads: 1 });
  await using own = await openModel(other, { provider: 'cpu', threads: 1 });
  const expected = await make(own);
  const before = await make(model);
  const drafted = await make(model.withComponentsOf('draft'));
  expect(drafted.latents.equals(expected.latents)).toBe(true);
  expect(drafted.frames.equals(expected.frames)).toBe(true);
  expect(before.latents.equals(drafted.latents)).toBe(false);
  expect(before.frames.equals(drafted.frames)).toBe(false);
  const after = await make(model);
  expect(after.latents.equals(before.latents) && after.frames.equals(before.frames)).toBe(true);
  // Graphs of one of both are loaded at a time.
  const { graphs } = model.runtime.stats();
  expect(Object.keys(graphs).filter((key) => key.startsWith('draft'))).toEqual([]);
  expect(() => model.withComponentsOf('fast')).toThrow('has no components of the quality "fast"');
});

test('components are part of the digest, and a quality is offered only with all of them', async () => {
  const checkpoint = await openCheckpoint(draft);
  expect(Object.keys(checkpoint.card.qualities ?? {})).toEqual(['draft']);
  const without = await openCheckpoint(plain);
  expect(without.card.qualities).toEqual({});
  expect(without.card.lacking?.draft).toBe(
    "it needs a UNet of its own in draft/unet and a decoder of its own in draft/vae beside the model's files: " +
      'npm run weights -- draft --to FOLDER, with the folder of the model, gets what is missing',
  );
  expect(await digestCheckpoint(without)).not.toBe(await digestCheckpoint(checkpoint));
});

test('an unfinished or unfit component is a fault of its quality only', async () => {
  await mkdir(join(plain, 'draft/unet'), { recursive: true });
  const unfinished = await openCheckpoint(plain);
  expect(unfinished.warnings.join()).toMatch(/^draft\/unet: the weights are missing/);
  expect(unfinished.card.lacking?.draft).toMatch(/^its components cannot be used \(draft\/unet: .*npm run weights/);
  await rm(join(plain, 'draft'), { recursive: true });
  await mkdir(join(plain, 'draft/vae'), { recursive: true });
  await writeFile(join(plain, 'draft/vae/config.json'), JSON.stringify(tinyAutoencoder));
  expect((await openCheckpoint(plain)).card.lacking?.draft).toContain('is an autoencoder for other latents');
});

test('if a component of a quality has a tensor of the wrong shape, only that quality is not offered, and the reason names the file', async () => {
  await rm(join(plain, 'draft'), { recursive: true, force: true });
  await cp(join(draft, 'draft'), join(plain, 'draft'), { recursive: true });
  const config = { ...tinyAutoencoder, encoder_block_out_channels: [8, 8, 8], num_encoder_blocks: [1, 1, 1] };
  const wider = { ...config, decoder_block_out_channels: [16, 16, 16], num_decoder_blocks: [1, 1, 1] };
  await writeFile(join(plain, 'draft/vae/config.json'), JSON.stringify(wider));
  const { card, components, configs, warnings } = await openCheckpoint(plain);
  expect(card.lacking?.draft).toMatch(
    /^its components cannot be used \(draft\/vae.*shape \[8, 4, 3, 3\].*\): npm run weights -- draft --to FOLDER/,
  );
  expect(warnings.join()).toContain('shape [8, 4, 3, 3]');
  expect([card.qualities, components]).toEqual([{}, {}]);
  expect(configs.filter(({ name }) => name.startsWith('draft/'))).toEqual([]);
});
