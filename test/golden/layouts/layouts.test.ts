import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { decode, denoise, encode, openCheckpoint, openModel, resolveSettings } from '@cinematica/svd';
import type { RgbImage } from '@cinematica/svd';
import { encodeHeader, originalLayers } from '@cinematica/svd/internal';
import { weightFiles } from '../../../bench/full-size/weight-files.ts';
import { originalUnetName } from './original-names.ts';
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

test('every layer of SVD’s UNet is found by its original name, which LoRAs may have', () => {
  const tensors = weightFiles['unet/diffusion_pytorch_model.fp16.safetensors'] ?? [];
  const layers = tensors.flatMap(({ name }) => /^(.+)\.weight$/.exec(name)?.[1] ?? []);
  const found = originalLayers(layers);
  expect(layers).toHaveLength(791);
  for (const layer of layers) expect(found.get(originalUnetName(layer, 2, (block) => block > 0)), layer).toBe(layer);
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

/** Changes a name or type in the header of the single file, to one of the same length. */
async function edited(name: string, from: string, to: string): Promise<string> {
  const path = join(folder, name);
  const text = (await readFile(join(folder, 'original', 'svd_xt.safetensors'))).toString('latin1');
  await writeFile(path, text.replaceAll(from, to), 'latin1');
  return path;
}

test('a file of another name has a warning about its frames, and one about a card that does not apply to it', async () => {
  const card = join(folder, 'cinematica.json');
  const file = await edited('texture-svd.safetensors', 'svd', 'svd');
  await writeFile(join(folder, 'other.safetensors'), '');
  await writeFile(card, '{"base": "svd"}');
  const { card: used, warnings } = await openCheckpoint(file);
  await rm(card);
  expect(used.window).toBe(25);
  expect(warnings).toEqual([
    expect.stringContaining(`${card} is not used`),
    expect.stringContaining('into a cinematica.json in a folder that has only this file'),
  ]);
});

/** A file with tensors of these names. */
async function withNames(name: string, ...names: string[]): Promise<string> {
  const path = join(folder, name);
  const header = encodeHeader(names.map((each) => ({ name: each, dtype: 'F16', shape: [1] })));
  await writeFile(path, Buffer.concat([header, Buffer.alloc(2 * names.length)]));
  return path;
}

const UNET = 'model.diffusion_model.input_blocks.0.0.weight';

test.each<[string, () => Promise<string>, RegExp]>([
  [
    'a truncated file',
    async () => {
      const path = await edited('short.safetensors', 'svd', 'svd');
      await truncate(path, 1_000_000);
      return path;
    },
    /exceed the end of the file: it is not complete; download it again/,
  ],
  [
    'a pickle',
    async () => {
      await writeFile(join(folder, 'svd_xt.ckpt'), 'pickle');
      return join(folder, 'svd_xt.ckpt');
    },
    /this is a pickle.* take the \.safetensors file of the same model.* npm run weights -- svd-xt/,
  ],
  [
    'SDXL',
    () => withNames('sdxl.safetensors', UNET, 'conditioner.embedders.1.model.ln_final.weight'),
    /this is an SDXL checkpoint, a model of images.* npm run weights/,
  ],
  ['Stable Diffusion', () => withNames('sd.safetensors', UNET), /Stable Diffusion checkpoint of another class/],
  [
    'a LoRA',
    () => withNames('lora.safetensors', 'unet.down_blocks.0.attentions.0.to_q.lora_A.weight'),
    /this is a LoRA, not a whole model: give it with --lora/,
  ],
  [
    'another model',
    () => withNames('wan.safetensors', 'blocks.0.q.weight'),
    /this is not a checkpoint of Stable Video/,
  ],
  [
    'the image decoder',
    () => edited('svd_image_decoder.safetensors', 'conv_out.time_mix_conv', 'conv_out.time_mix_none'),
    /decodes each frame by itself \(as in svd_image_decoder\.safetensors\), which is not supported/,
  ],
  [
    'a missing tensor',
    () => edited('missing.safetensors', 'out_layers.3', 'out_layers.4'),
    /"down_blocks\.0\.resnets\.0\.spatial_res_block\.conv2\.weight" of shape \[64, 64, 3, 3\] is missing/,
  ],
  [
    'a UNet alone',
    () => Promise.resolve(join(folder, 'diffusers', 'unet')),
    /only the UNet of a checkpoint in diffusers/,
  ],
  ['no file', () => Promise.resolve(join(folder, 'none')), /there is no such file or folder.* npm run weights/],
])('%s is refused with what it is and what to do', async (_, make, message) => {
  await expect(openCheckpoint(await make())).rejects.toThrow(message);
});
