import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { clipNormalizationSchema } from '../image/clip-normalization.ts';
import { openWeights } from '../safetensors/weights.ts';
import { schedulerConfigSchema } from '../schedulers/scheduler-config.ts';
import type { CheckpointParts } from './checkpoint-parts.ts';
import { clipConfigSchema } from './clip-config.ts';
import { readConfig } from './read-config.ts';
import { unetConfigSchema } from './unet-config.ts';
import { vaeConfigSchema } from './vae-config.ts';

/** `model_index.json`: the class of the pipeline. */
const modelIndexSchema = z.object({ _class_name: z.literal('StableVideoDiffusionPipeline') });

/** Without this file, the values of CLIP apply. */
const PREPROCESSOR = 'feature_extractor/preprocessor_config.json';

/** The configs that affect the frames. `cinematica.json` is left out: its settings are stored in each video's plan. */
const CONFIGS = ['unet/config.json', 'vae/config.json', 'image_encoder/config.json', 'scheduler/scheduler_config.json'];

/**
 * Reads a checkpoint in diffusers' layout: its configs and the headers of its weights.
 * @param folder the folder of `model_index.json`
 * @throws CheckpointError or SafetensorsError that names the file, when a file is missing or invalid
 */
export async function readDiffusers(folder: string): Promise<CheckpointParts> {
  await readConfig(join(folder, 'model_index.json'), modelIndexSchema);
  const unetConfig = await readConfig(join(folder, 'unet', 'config.json'), unetConfigSchema);
  const vaeConfig = await readConfig(join(folder, 'vae', 'config.json'), vaeConfigSchema);
  const clipConfig = await readConfig(join(folder, 'image_encoder', 'config.json'), clipConfigSchema);
  const scheduler = await readConfig(join(folder, 'scheduler', 'scheduler_config.json'), schedulerConfigSchema);
  const hasPreprocessor = await access(join(folder, PREPROCESSOR)).then(
    () => true,
    () => false,
  );
  const preprocessor = hasPreprocessor
    ? await readConfig(join(folder, PREPROCESSOR), clipNormalizationSchema)
    : clipNormalizationSchema.parse({});
  const [unet, vae, imageEncoder] = await Promise.all([
    openWeights(join(folder, 'unet'), 'diffusion_pytorch_model'),
    openWeights(join(folder, 'vae'), 'diffusion_pytorch_model'),
    openWeights(join(folder, 'image_encoder'), 'model'),
  ]);
  const names = hasPreprocessor ? [...CONFIGS, PREPROCESSOR] : CONFIGS;
  const configs = await Promise.all(names.map(async (name) => ({ name, content: await readFile(join(folder, name)) })));
  return {
    unet: { config: unetConfig, weights: unet },
    vae: { config: vaeConfig, weights: vae },
    imageEncoder: { config: clipConfig, weights: imageEncoder },
    scheduler,
    preprocessor,
    configs,
    warnings: [],
  };
}
