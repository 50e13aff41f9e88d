import { createHash } from 'node:crypto';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Weights } from '../safetensors/weights.ts';
import type { Checkpoint } from './checkpoint.ts';

/** What the frames follow from beside the weights. `cinematica.json` is not: what it decides stands in each plan. */
const CONFIGS = [
  'unet/config.json',
  'vae/config.json',
  'image_encoder/config.json',
  'scheduler/scheduler_config.json',
  'feature_extractor/preprocessor_config.json',
];

/** Of each tensor: another training changes every one of them. */
const SAMPLE_BYTES = 1024;

/**
 * Tells checkpoints apart without reading gigabytes: the SHA-256 of their configs, and of each tensor's name, type,
 * shape and first KiB. Where it lies, how it is cut into files and what its folder is called is of no matter. It is no
 * protection against someone who wants two to look alike.
 * @returns 64 hexadecimal digits.
 */
export async function digestCheckpoint(checkpoint: Checkpoint): Promise<string> {
  const hash = createHash('sha256');
  for (const file of CONFIGS) {
    const content = await readFile(join(checkpoint.folder, file));
    hash.update(`${file} ${content.length}\n`).update(content);
  }
  for (const part of ['unet', 'vae', 'imageEncoder'] as const) {
    hash.update(`${part}\n`).update(await digestWeights(checkpoint[part].weights));
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
