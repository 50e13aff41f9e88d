import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { Weights } from '../safetensors/weights.ts';
import type { Checkpoint } from './checkpoint.ts';
import { FASTER_QUALITIES } from './model-card.ts';

/** The number of bytes read of each tensor. Training changes all tensors, so a sample is sufficient. */
const SAMPLE_BYTES = 1024;

/**
 * Computes a digest that identifies a checkpoint without reading gigabytes: SHA-256 of the configs, and of the name, type,
 * shape and first KiB of each tensor. It does not depend on the folder or on the split into files. It is not secure
 * against deliberate collisions.
 * @returns 64 hexadecimal digits
 */
export async function digestCheckpoint(checkpoint: Checkpoint): Promise<string> {
  const hash = createHash('sha256');
  for (const { name, content } of checkpoint.configs) hash.update(`${name} ${content.length}\n`).update(content);
  for (const part of ['unet', 'vae', 'imageEncoder'] as const) {
    hash.update(`${part}\n`).update(await digestWeights(checkpoint[part].weights));
  }
  for (const quality of FASTER_QUALITIES) {
    const { unet, decoder } = checkpoint.components[quality] ?? {};
    if (unet) hash.update(`${quality}/unet\n`).update(await digestWeights(unet.weights));
    if (decoder) hash.update(`${quality}/vae\n`).update(await digestWeights(decoder.weights));
  }
  return hash.digest('hex');
}

async function digestWeights({ files, tensors }: Weights): Promise<Buffer> {
  const samples = new Map<string, string>();
  for (const file of files) {
    await using handle = await open(file);
    for (const { name, dtype, shape, offset, length, file: own } of tensors.values()) {
      if (own !== file) continue;
      const sample = Buffer.alloc(Math.min(length, SAMPLE_BYTES));
      await handle.read(sample, 0, sample.length, offset);
      const digest = createHash('sha256').update(sample).digest('hex');
      samples.set(name, `${JSON.stringify([name, dtype, shape])} ${digest}\n`);
    }
  }
  const hash = createHash('sha256');
  for (const name of [...samples.keys()].sort()) hash.update(samples.get(name)!);
  return hash.digest();
}
