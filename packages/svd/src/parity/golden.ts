import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { RgbImage } from '../image/image.ts';
import { CheckpointError } from '../checkpoint/checkpoint-error.ts';
import { readConfig } from '../checkpoint/read-config.ts';
import { openWeights } from '../safetensors/weights.ts';

/** Schema of `params.json`: the arguments of diffusers' pipeline. */
const paramsSchema = z.object({
  height: z.int(),
  width: z.int(),
  num_frames: z.int(),
  num_inference_steps: z.int(),
  fps: z.number(),
  motion_bucket_id: z.number(),
  noise_aug_strength: z.number(),
  min_guidance_scale: z.number(),
  max_guidance_scale: z.number(),
  decode_chunk_size: z.int().nullish(),
  sigmas: z.array(z.number()).nullish(),
});

/** The inputs and results of diffusers for a checkpoint. */
export interface Golden {
  readonly folder: string;
  readonly params: z.output<typeof paramsSchema>;
  has(name: string): boolean;
  names(): string[];
  shape(name: string): readonly number[];
  floats(name: string): Promise<Float32Array>;
  /** Returns a uint8 tensor `[height, width, 3]` as an image. */
  image(name: string): Promise<RgbImage>;
  bytes(name: string): Promise<Uint8Array>;
}

/** Opens a folder with `checkpoint/`, `golden.safetensors` and `params.json`. */
export async function openGolden(folder: string): Promise<Golden> {
  const params = await readConfig(join(folder, 'params.json'), paramsSchema);
  const tensors = await openWeights(folder, 'golden');
  const entry = (name: string) => {
    const found = tensors.tensors.get(name);
    if (!found) throw new CheckpointError(`${join(folder, 'golden.safetensors')}: tensor "${name}" is missing`);
    return found;
  };
  const bytes = async (name: string) => {
    const { file, offset, length } = entry(name);
    await using handle = await open(file);
    const data = new Uint8Array(length);
    await handle.read(data, 0, length, offset);
    return data;
  };
  return {
    folder,
    params,
    has: (name) => tensors.tensors.has(name),
    names: () => [...tensors.tensors.keys()],
    shape: (name) => entry(name).shape,
    floats: (name) => tensors.read(name),
    bytes,
    async image(name) {
      const [height = 0, width = 0] = entry(name).shape;
      return { width, height, data: await bytes(name) };
    },
  };
}
