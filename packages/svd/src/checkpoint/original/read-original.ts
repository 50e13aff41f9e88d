import type { z } from 'zod';
import { clipNormalizationSchema } from '../../image/clip-normalization.ts';
import { readHeader } from '../../safetensors/read-header.ts';
import { createWeights } from '../../safetensors/weights.ts';
import { schedulerConfigSchema } from '../../schedulers/scheduler-config.ts';
import { CheckpointError } from '../checkpoint-error.ts';
import type { CheckpointParts } from '../checkpoint-parts.ts';
import { clipConfigSchema } from '../clip-config.ts';
import { publishedName } from '../published-names.ts';
import { unetConfigSchema } from '../unet-config.ts';
import { vaeConfigSchema } from '../vae-config.ts';
import { refuseOtherFile } from './describe-file.ts';
import { inferConfigs } from './infer-configs.ts';
import { mapTensors } from './map-tensors.ts';
import { SVD_SCHEDULER } from './scheduler-config.ts';

/** The number of frames when the file's name does not say it. */
const SVD_XT_FRAMES = 25;

/** Tensors that the file has and an inference does not use: CLIP's text model, and a copy of the autoencoder. */
const EXPECTED = /^(conditioner\.embedders\.\d+\.|first_stage_model\.|model_ema\.|denoiser\.)/;

/**
 * Reads a checkpoint that is one file in the layout of Stability AI's own code, such as `svd_xt.safetensors`. The configs
 * follow from the tensors. Nothing is converted: the names are mapped to positions in the file.
 * @throws CheckpointError or SafetensorsError that says what the file is, if it is not such a checkpoint
 */
export async function readOriginal(file: string): Promise<CheckpointParts> {
  const entries = await readHeader(file);
  refuseOtherFile(file, new Set(entries.map(({ name }) => name)));
  const { unet, vae, imageEncoder, left } = mapTensors(entries);
  const configs = inferConfigs(unet, vae, imageEncoder);
  // The tensors of SVD and SVD-XT have the same names and shapes.
  const frames = publishedName(file)?.frames;
  const parse = <Schema extends z.ZodType>(part: string, schema: Schema, config: unknown): z.output<Schema> => {
    const result = schema.safeParse(config);
    if (result.success) return result.data;
    const [issue] = result.error.issues;
    throw new CheckpointError(
      `${file}: the tensors of the ${part} are not those of SVD (${issue?.path.join('.')}: ${issue?.message}): is the file complete?`,
      { cause: result.error },
    );
  };
  const unetConfig = { ...configs.unet, sample_size: 96, num_frames: frames ?? SVD_XT_FRAMES };
  const unknown = left.filter((name) => !EXPECTED.test(name));
  return {
    unet: { config: parse('UNet', unetConfigSchema, unetConfig), weights: createWeights(file, unet) },
    vae: { config: parse('autoencoder', vaeConfigSchema, configs.vae), weights: createWeights(file, vae) },
    imageEncoder: {
      config: parse('image encoder', clipConfigSchema, configs.imageEncoder),
      weights: createWeights(file, imageEncoder),
    },
    scheduler: parse('scheduler', schedulerConfigSchema, SVD_SCHEDULER),
    preprocessor: clipNormalizationSchema.parse({}),
    configs: [
      ['unet/config.json', unetConfig],
      ['vae/config.json', configs.vae],
      ['image_encoder/config.json', configs.imageEncoder],
    ].map(([name, config]) => ({ name: name as string, content: Buffer.from(JSON.stringify(config)) })),
    warnings: [
      ...(unknown.length
        ? [`${file}: ${unknown.length} tensors are not used: ${unknown.slice(0, 3).join(', ')} …`]
        : []),
      ...(frames === undefined
        ? [
            `${file}: the file does not say how many frames its model makes at once; 25 are assumed, as of SVD-XT. For a ` +
              'model of SVD, write {"base": "svd"} into a cinematica.json in a folder that has only this file',
          ]
        : []),
    ],
  };
}
