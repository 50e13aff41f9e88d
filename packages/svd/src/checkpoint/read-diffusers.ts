import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { clipNormalizationSchema } from '../image/clip-normalization.ts';
import { openWeights } from '../safetensors/weights.ts';
import { schedulerConfigSchema } from '../schedulers/scheduler-config.ts';
import type { CheckpointParts, ConfigContent } from './checkpoint-parts.ts';
import { clipConfigSchema } from './clip-config.ts';
import { readConfig, readConfigFile } from './read-config.ts';
import { unetConfigSchema } from './unet-config.ts';
import { vaeConfigSchema } from './vae-config.ts';

/** `model_index.json`: the class of the pipeline. */
const modelIndexSchema = z.object({ _class_name: z.literal('StableVideoDiffusionPipeline') });

/** Without this file, the values of CLIP apply. */
const PREPROCESSOR = 'feature_extractor/preprocessor_config.json';

/**
 * Reads a checkpoint in diffusers' layout: its configs and the headers of its weights.
 * @param folder the folder of `model_index.json`
 * @throws CheckpointError or SafetensorsError that names the file, when a file is missing or invalid
 */
export async function readDiffusers(folder: string): Promise<CheckpointParts> {
  await readConfig(join(folder, 'model_index.json'), modelIndexSchema);
  // Those that affect the frames. `cinematica.json` is left out: its settings are stored in each video's plan.
  const configs: ConfigContent[] = [];
  const read = async <Schema extends z.ZodType>(name: string, schema: Schema): Promise<z.output<Schema>> => {
    const { config, content } = await readConfigFile(join(folder, name), schema);
    configs.push({ name, content });
    return config;
  };
  const unetConfig = await read('unet/config.json', unetConfigSchema);
  const vaeConfig = await read('vae/config.json', vaeConfigSchema);
  const clipConfig = await read('image_encoder/config.json', clipConfigSchema);
  const scheduler = await read('scheduler/scheduler_config.json', schedulerConfigSchema);
  const hasPreprocessor = await access(join(folder, PREPROCESSOR)).then(
    () => true,
    () => false,
  );
  const preprocessor = hasPreprocessor
    ? await read(PREPROCESSOR, clipNormalizationSchema)
    : clipNormalizationSchema.parse({});
  const [unet, vae, imageEncoder] = await Promise.all([
    openWeights(join(folder, 'unet'), 'diffusion_pytorch_model'),
    openWeights(join(folder, 'vae'), 'diffusion_pytorch_model'),
    openWeights(join(folder, 'image_encoder'), 'model'),
  ]);
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
