import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { encodeHeader } from '@cinematica/svd/internal';
import type { TensorSpec } from '@cinematica/svd/internal';
import { originalClipName, originalUnetName, originalVaeName } from './original-names.ts';
import { createSmallWeights, smallTensors } from './write-diffusers.ts';

interface Tensor extends TensorSpec {
  readonly bytes: Buffer;
}

/**
 * Writes the small random checkpoint in the layout of Stability AI's own code: one file, with the weights of `writeDiffusers`.
 * As in the published files, the autoencoder of the photo stands beside that of the first stage, and there are tensors that
 * no inference uses. The encoder of the first stage has other weights here, so that a mix-up shows.
 */
export async function writeOriginal(file: string, seed = 1): Promise<void> {
  const bytesOf = createSmallWeights(seed);
  const tensors: Tensor[] = [];
  const put = (name: string, { shape }: Pick<TensorSpec, 'shape'>, bytes: Buffer) =>
    void tensors.push({ name, dtype: 'F16', shape, bytes });

  const upBlocksWithAttention = new Set(
    smallTensors.unet.flatMap(({ name }) => /^up_blocks\.(\d+)\.attentions/.exec(name)?.[1] ?? []).map(Number),
  );
  for (const tensor of smallTensors.unet) {
    const name = originalUnetName(tensor.name, 1, (block) => upBlocksWithAttention.has(block));
    put(`model.diffusion_model.${name}`, tensor, bytesOf('unet', tensor));
  }
  for (const tensor of smallTensors.vae) {
    const name = originalVaeName(tensor.name, 4);
    const bytes = bytesOf('vae', tensor);
    // The attention's linear layers are convolutions there.
    const shape = /attn_1\.(q|k|v|proj_out)\.weight$/.test(name) ? [...tensor.shape, 1, 1] : tensor.shape;
    if (name.startsWith('decoder.')) put(`first_stage_model.${name}`, { shape }, bytes);
    else {
      put(`conditioner.embedders.3.encoder.${name}`, { shape }, bytes);
      if (!name.startsWith('quant_conv')) put(`first_stage_model.${name}`, { shape }, Buffer.alloc(bytes.length, 0x2c));
    }
  }
  putClip(put, bytesOf);
  put('conditioner.embedders.0.open_clip.model.logit_scale', { shape: [] }, Buffer.alloc(2));
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, Buffer.concat([encodeHeader(tensors), ...tensors.map(({ bytes }) => bytes)]));
}

function putClip(
  put: (name: string, tensor: Pick<TensorSpec, 'shape'>, bytes: Buffer) => void,
  bytesOf: (part: string, tensor: TensorSpec) => Buffer,
): void {
  const visual = 'conditioner.embedders.0.open_clip.model.visual';
  const of = new Map(smallTensors.image_encoder.map((tensor) => [tensor.name, tensor]));
  for (const tensor of smallTensors.image_encoder) {
    const [, block, part, leaf] = /^(.*\.self_attn)\.([qkv])_proj\.(\w+)$/.exec(tensor.name) ?? [];
    if (part === 'k' || part === 'v') continue;
    if (part === 'q') {
      // One tensor has the rows of the query, the key and the value.
      const parts = ['q', 'k', 'v'].map((each) => of.get(`${block}.${each}_proj.${leaf}`)!);
      const [rows = 0, ...rest] = tensor.shape;
      const name = originalClipName(`${block}.in_proj_${leaf}`).replace('self_attn', 'attn');
      const bytes = Buffer.concat(parts.map((each) => bytesOf('image_encoder', each)));
      put(`${visual}.${name}`, { shape: [3 * rows, ...rest] }, bytes);
    } else if (tensor.name === 'visual_projection.weight') {
      put(`${visual}.proj`, { shape: tensor.shape.toReversed() }, transpose(bytesOf('image_encoder', tensor), tensor));
    } else put(`${visual}.${originalClipName(tensor.name)}`, tensor, bytesOf('image_encoder', tensor));
  }
}

function transpose(bytes: Buffer, { shape: [rows = 1, columns = 1] }: TensorSpec): Buffer {
  const from = new Uint16Array(Uint8Array.from(bytes).buffer);
  const to = from.map((_, i) => from[(i % rows) * columns + Math.floor(i / rows)]!);
  return Buffer.from(to.buffer);
}
