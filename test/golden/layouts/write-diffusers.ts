/// <reference lib="esnext.float16" />
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { clipTensors } from '../../../bench/full-size/clip-tensors.ts';
import { configFiles, imageEncoder, unet, vae } from '../../../bench/full-size/configs.ts';
import { repeatBlock } from '../../../bench/full-size/repeat-block.ts';
import { unetTensors } from '../../../bench/full-size/unet-tensors.ts';
import { vaeTensors } from '../../../bench/full-size/vae-tensors.ts';
import { elements, encodeHeader, fnv1a, normals } from '@cinematica/svd/internal';
import type { TensorSpec } from '@cinematica/svd/internal';

/** SVD with few channels. Its attention heads are as wide as those of SVD, because the original layout has no configs. */
const small = {
  unet: {
    ...unet,
    block_out_channels: [64, 64, 128],
    num_attention_heads: [1, 1, 2],
    down_block_types: [...unet.down_block_types.slice(0, 2), 'DownBlockSpatioTemporal'],
    up_block_types: ['UpBlockSpatioTemporal', ...unet.up_block_types.slice(1, 3)],
    layers_per_block: 1,
    cross_attention_dim: 48,
    addition_time_embed_dim: 32,
    projection_class_embeddings_input_dim: 96,
  },
  vae: {
    ...vae,
    block_out_channels: [32, 32, 64, 64],
    layers_per_block: 2,
  },
  imageEncoder: {
    ...imageEncoder,
    hidden_size: 80,
    num_attention_heads: 1,
    intermediate_size: 160,
    num_hidden_layers: 2,
    patch_size: 56,
    projection_dim: 48,
  },
};

/** The tensors of each component, by the path of its file. */
export const smallTensors: Readonly<Record<'unet' | 'vae' | 'image_encoder', readonly TensorSpec[]>> = {
  unet: unetTensors(small.unet),
  vae: vaeTensors(small.vae),
  image_encoder: clipTensors(small.imageEncoder),
};

export const FILES = {
  unet: 'unet/diffusion_pytorch_model.fp16.safetensors',
  vae: 'vae/diffusion_pytorch_model.fp16.safetensors',
  image_encoder: 'image_encoder/model.fp16.safetensors',
} as const;

/** Length of the repeated block of random numbers: a prime, so that the rows of a tensor do not repeat. */
const BLOCK = 65_537;

/** Returns the bytes of a component's tensor, in fp16: random numbers that keep activations near 1. */
export function createSmallWeights(seed = 1): (part: string, tensor: TensorSpec) => Buffer {
  const numbers = normals({ seed, segment: 0, step: 0, tensor: 'weights' }, BLOCK);
  const blocks = new Map<string, Uint8Array>();
  return (part, { name, shape }) => {
    const { mean, deviation } = distribution(name, shape);
    const key = `${mean} ${deviation}`;
    const block = blocks.get(key) ?? new Uint8Array(Float16Array.from(numbers, (z) => mean + deviation * z).buffer);
    blocks.set(key, block);
    return Buffer.concat([...repeatBlock(block, 2 * (fnv1a(`${part} ${name}`) % BLOCK), 2 * elements(shape))]);
  };
}

function distribution(name: string, shape: readonly number[]): { mean: number; deviation: number } {
  if (name.endsWith('.mix_factor')) return { mean: 0, deviation: 0.5 };
  if (name.endsWith('.bias') || name.endsWith('_embedding')) return { mean: 0, deviation: 0.1 };
  if (shape.length === 1) return { mean: 1, deviation: 0.1 };
  return { mean: 0, deviation: 1 / Math.sqrt(elements(shape.slice(1))) };
}

/** Writes a small random checkpoint in diffusers' layout (8 MB). */
export async function writeDiffusers(folder: string, seed = 1): Promise<void> {
  const configs = {
    ...configFiles,
    'unet/config.json': small.unet,
    'vae/config.json': small.vae,
    'image_encoder/config.json': small.imageEncoder,
  };
  for (const [path, config] of Object.entries(configs)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), `${JSON.stringify(config, null, 2)}\n`);
  }
  const bytesOf = createSmallWeights(seed);
  for (const part of ['unet', 'vae', 'image_encoder'] as const) {
    const tensors = smallTensors[part];
    await writeFile(
      join(folder, FILES[part]),
      Buffer.concat([encodeHeader(tensors), ...tensors.map((tensor) => bytesOf(part, tensor))]),
    );
  }
}
