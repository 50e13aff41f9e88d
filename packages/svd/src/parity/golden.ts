import { existsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { RgbImage } from '../image/image.ts';
import type { LoraFile } from '../lora/lora-file.ts';
import { CheckpointError } from '../checkpoint/checkpoint-error.ts';
import { readConfig } from '../checkpoint/read-config.ts';
import { readHeader, readMetadata } from '../safetensors/read-header.ts';
import { createWeights } from '../safetensors/weights.ts';
import type { Weights } from '../safetensors/weights.ts';

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
  /** The results of the package DeepCache, if the folder has them. */
  readonly deepCache: DeepCacheGolden | null;
  /** LoRAs with the results of PEFT, if the folder has them. */
  readonly loras: LoraGolden | null;
}

/** `loras/`: two LoRAs, and the result of diffusers' UNet with both by PEFT. */
export interface LoraGolden {
  readonly files: readonly LoraFile[];
  readonly unetOut: () => Promise<Float32Array>;
}

async function openLoras(folder: string): Promise<LoraGolden | null> {
  const file = join(folder, 'golden.safetensors');
  if (!existsSync(file)) return null;
  const weights = createWeights(file, await readHeader(file));
  const strengths = await readMetadata(file);
  return {
    files: [
      { file: join(folder, 'peft/adapter_model.safetensors'), strength: Number(strengths.get('peft')) },
      { file: join(folder, 'kohya.safetensors'), strength: Number(strengths.get('kohya')) },
    ],
    unetOut: () => weights.read('unet_out'),
  };
}

/** `deepcache.safetensors`: the latents after each step, by the branch. */
export interface DeepCacheGolden {
  readonly steps: number;
  readonly interval: number;
  readonly branches: readonly number[];
  /** `[steps, frames, channels, height, width]` */
  readonly latents: (branch: number) => Promise<Float32Array>;
}

async function openDeepCache(file: string): Promise<DeepCacheGolden | null> {
  if (!existsSync(file)) return null;
  const weights: Weights = createWeights(file, await readHeader(file));
  const metadata = await readMetadata(file);
  return {
    steps: Number(metadata.get('steps')),
    interval: Number(metadata.get('cache_interval')),
    branches: [...weights.tensors.keys()].map((name) => Number(name.replace('latents_', ''))),
    latents: (branch) => weights.read(`latents_${branch}`),
  };
}

/** The arguments of diffusers' pipeline under the names of this project. */
export const requestOf = ({ params }: Pick<Golden, 'params'>) => ({
  width: params.width,
  height: params.height,
  frames: params.num_frames,
  steps: params.num_inference_steps,
  conditioningFps: params.fps,
  motionBucketId: params.motion_bucket_id,
  noiseAugStrength: params.noise_aug_strength,
  minGuidance: params.min_guidance_scale,
  maxGuidance: params.max_guidance_scale,
  seed: 0,
});

/** Opens a folder with `checkpoint/`, `golden.safetensors` and `params.json`. */
export async function openGolden(folder: string): Promise<Golden> {
  const params = await readConfig(join(folder, 'params.json'), paramsSchema);
  const file = join(folder, 'golden.safetensors');
  const tensors = createWeights(file, await readHeader(file));
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
    loras: await openLoras(join(folder, 'loras')),
    deepCache: await openDeepCache(join(folder, 'deepcache.safetensors')),
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
