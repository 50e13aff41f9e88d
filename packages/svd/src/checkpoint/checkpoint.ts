import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { clipNormalizationSchema } from '../image/clip-normalization.ts';
import type { ClipNormalization } from '../image/clip-normalization.ts';
import { CheckpointError } from './checkpoint-error.ts';
import { openWeights } from '../safetensors/weights.ts';
import type { Weights } from '../safetensors/weights.ts';
import { schedulerConfigSchema } from '../schedulers/scheduler-config.ts';
import type { SchedulerConfig } from '../schedulers/scheduler-config.ts';
import { clipConfigSchema } from './clip-config.ts';
import type { ClipConfig } from './clip-config.ts';
import type { ModelCard } from './model-card.ts';
import { readConfig } from './read-config.ts';
import { resolveModelCard } from './resolve-model-card.ts';
import { unetArchitecture, unetConfigSchema } from './unet-config.ts';
import type { UNetArchitecture } from './unet-config.ts';
import { vaeConfigSchema, vaeScaleFactor } from './vae-config.ts';
import type { VaeConfig } from './vae-config.ts';

/** `model_index.json`: the class of the pipeline. */
const modelIndexSchema = z.object({ _class_name: z.literal('StableVideoDiffusionPipeline') });

/** A checkpoint in diffusers' layout: its configs, and the position of each tensor. The weights themselves are not read. */
export interface Checkpoint {
  readonly folder: string;
  readonly card: ModelCard;
  readonly unet: { readonly architecture: UNetArchitecture; readonly weights: Weights };
  readonly vae: { readonly config: VaeConfig; readonly scaleFactor: number; readonly weights: Weights };
  readonly imageEncoder: { readonly config: ClipConfig; readonly weights: Weights };
  readonly scheduler: SchedulerConfig;
  readonly preprocessor: ClipNormalization;
}

/**
 * Reads a checkpoint's configs and the headers of its weights. It does not compare the tensors with the configs: see
 * `openCheckpoint`.
 * @param folder the folder of `model_index.json`
 * @throws CheckpointError or SafetensorsError that names the file, when a file is missing or invalid, or when two configs
 *   contradict each other
 */
export async function readCheckpoint(folder: string, signal?: AbortSignal): Promise<Checkpoint> {
  const info = await stat(folder).catch(() => null);
  if (!info?.isDirectory())
    throw new CheckpointError(`${folder} is not a folder; a checkpoint is a folder in diffusers' layout`);
  await readConfig(join(folder, 'model_index.json'), modelIndexSchema);

  const unetConfig = await readConfig(join(folder, 'unet', 'config.json'), unetConfigSchema);
  const vaeConfig = await readConfig(join(folder, 'vae', 'config.json'), vaeConfigSchema);
  const clipConfig = await readConfig(join(folder, 'image_encoder', 'config.json'), clipConfigSchema);
  const scheduler = await readConfig(join(folder, 'scheduler', 'scheduler_config.json'), schedulerConfigSchema);
  const preprocessor = await readConfig(
    join(folder, 'feature_extractor', 'preprocessor_config.json'),
    clipNormalizationSchema,
  );
  const architecture = unetArchitecture(unetConfig);
  checkComponentsFit(folder, architecture, vaeConfig, clipConfig);

  const [unetWeights, vaeWeights, clipWeights] = await Promise.all([
    openWeights(join(folder, 'unet'), 'diffusion_pytorch_model'),
    openWeights(join(folder, 'vae'), 'diffusion_pytorch_model'),
    openWeights(join(folder, 'image_encoder'), 'model'),
  ]);
  const scaleFactor = vaeScaleFactor(vaeConfig);
  const card = await resolveModelCard(
    {
      folder,
      unetFiles: unetWeights.files,
      numFrames: architecture.frames,
      sampleSize: unetConfig.sample_size ?? null,
      vaeScale: scaleFactor,
      latentChannels: vaeConfig.latent_channels,
      unetScale: 2 ** (architecture.down.length - 1),
    },
    signal,
  );
  return {
    folder,
    card,
    unet: { architecture, weights: unetWeights },
    vae: { config: vaeConfig, scaleFactor, weights: vaeWeights },
    imageEncoder: { config: clipConfig, weights: clipWeights },
    scheduler,
    preprocessor,
  };
}

/** Checks that the configs of the UNet, the autoencoder and the image encoder fit together. */
function checkComponentsFit(folder: string, unet: UNetArchitecture, vae: VaeConfig, clip: ClipConfig): void {
  const latents = vae.latent_channels;
  if (unet.outChannels !== latents || unet.inChannels !== 2 * latents) {
    throw new CheckpointError(
      `${folder}: the UNet has in_channels ${unet.inChannels} and out_channels ${unet.outChannels}, but ` +
        `${latents} latent_channels of the VAE require ${2 * latents} and ${latents}`,
    );
  }
  for (const { contextDim, transformerLayers } of [...unet.down, unet.mid]) {
    const hasCrossAttention = transformerLayers.some((layers) => layers !== null);
    if (hasCrossAttention && contextDim !== clip.projection_dim) {
      throw new CheckpointError(
        `${folder}: the UNet has cross_attention_dim ${contextDim}, but the image encoder has projection_dim ${clip.projection_dim}`,
      );
    }
  }
}
