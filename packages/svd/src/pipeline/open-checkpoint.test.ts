import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { padHeader } from '../safetensors/encode-header.ts';
import { openCheckpoint } from './open-checkpoint.ts';

const source = fileURLToPath(new URL('../../../../test/golden/tiny/checkpoint', import.meta.url));
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'checkpoint-'));
  await cp(source, folder, { recursive: true });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function change(file: string, fields: Record<string, unknown>): Promise<void> {
  const path = join(folder, file);
  await writeFile(path, JSON.stringify({ ...(JSON.parse(await readFile(path, 'utf8')) as object), ...fields }));
}

type Header = Record<string, { dtype: string; shape: number[]; data_offsets: [number, number] }>;

/** Changes the header of the UNet's file. @param more bytes for the end of the file */
async function changeHeader(edit: (header: Header, length: number) => void, more = Buffer.alloc(0)): Promise<void> {
  const file = join(folder, 'unet', 'diffusion_pytorch_model.fp16.safetensors');
  const data = await readFile(file);
  const start = 8 + Number(data.readBigUInt64LE());
  const header = JSON.parse(data.subarray(8, start).toString()) as Header;
  edit(header, data.length - start);
  await writeFile(file, Buffer.concat([padHeader(JSON.stringify(header)), data.subarray(start), more]));
}

test('openCheckpoint returns the values of the configs', async () => {
  const { unet, vae, card } = await openCheckpoint(folder);
  expect(unet.architecture.down).toHaveLength(1);
  expect([vae.config._class_name, vae.scaleFactor]).toEqual(['AutoencoderTiny', 4]);
  expect(card.window).toBe(2);
});

test('feature_extractor may be missing, and a tensor that no layer has is a warning', async () => {
  await rm(join(folder, 'feature_extractor'), { recursive: true });
  await changeHeader((header, length) => {
    header['ema.decay'] = { dtype: 'F16', shape: [1], data_offsets: [length, length + 2] };
  }, Buffer.alloc(2));
  const { warnings, preprocessor } = await openCheckpoint(folder);
  expect(warnings).toEqual([`${join(folder, 'unet')}: "ema.decay" [1] has no influence on the videos`]);
  expect(preprocessor.image_mean[0]).toBe(0.48145466);
});

test('8-bit floats are refused by name', async () => {
  await changeHeader((header) => {
    const tensor = header['conv_in.weight']!;
    Object.assign(tensor, { dtype: 'F8_E4M3', shape: [tensor.data_offsets[1] - tensor.data_offsets[0]] });
  });
  await expect(openCheckpoint(folder)).rejects.toThrow(
    /8-bit floats \(F8_E4M3, "conv_in\.weight"\).* take the file in fp16/,
  );
});

describe('openCheckpoint rejects', () => {
  test.each([
    ['unet/config.json', { layers_per_block: 2 }, /"down_blocks\.0\.resnets\.1\.\S+" of shape \[.*\] is missing/],
    ['unet/config.json', { cross_attention_dim: 25 }, /cross_attention_dim 25, but .* projection_dim 24/],
    ['unet/config.json', { num_attention_heads: 5 }, /num_attention_heads 5 does not divide the 32 channels/],
    [
      'unet/config.json',
      { block_out_channels: [64] },
      /"time_embedding\.linear_1\.weight" has shape \[128, 32\], .* \[256, 64\]/,
    ],
    ['unet/config.json', { block_out_channels: [33] }, /33 is not divisible into 32 groups/],
    ['unet/config.json', { in_channels: 9 }, /in_channels 9 .* require 8 and 4/],
    ['unet/config.json', { down_block_types: ['DownBlock3D'] }, /down_block_types\.0/],
    ['unet/config.json', { _class_name: 'UNet2DConditionModel' }, /unet.config\.json: _class_name/],
    ['unet/config.json', { projection_class_embeddings_input_dim: 95 }, /95 is not 3 × addition_time_embed_dim 32/],
    ['unet/config.json', { up_block_types: ['UpBlockSpatioTemporal'] }, /unexpected tensor "up_blocks\.0\.attentions/],
    ['vae/config.json', { _class_name: 'AutoencoderKL' }, /vae.config\.json: _class_name/],
    ['vae/config.json', { act_fn: 'tanh' }, /vae.config\.json: act_fn/],
    ['image_encoder/config.json', { num_attention_heads: 3 }, /num_attention_heads: does not divide hidden_size/],
    ['image_encoder/config.json', { num_hidden_layers: 0 }, /num_hidden_layers/],
    ['scheduler/scheduler_config.json', { use_beta_sigmas: true }, /use_beta_sigmas/],
    ['model_index.json', { _class_name: 'StableDiffusionPipeline' }, /model_index\.json: _class_name/],
  ])('%s with %j', async (file, fields, message) => {
    await change(file, fields);
    await expect(openCheckpoint(folder)).rejects.toThrow(message);
  });

  test.each([
    ['a missing folder', () => rm(folder, { recursive: true }), /there is no such file or folder\. npm run weights/],
    ['a missing config', () => rm(join(folder, 'unet', 'config.json')), /unet.config\.json cannot be read/],
    [
      'a config that is not JSON',
      () => writeFile(join(folder, 'vae', 'config.json'), '{'),
      /vae.config\.json is not JSON/,
    ],
  ])('%s', async (_, spoil, message) => {
    await spoil();
    await expect(openCheckpoint(folder)).rejects.toThrow(message);
  });
});
