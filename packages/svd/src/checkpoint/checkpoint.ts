import { dirname } from 'node:path';
import type { ClipNormalization } from '../image/clip-normalization.ts';
import { CheckpointError } from './checkpoint-error.ts';
import type { Weights } from '../safetensors/weights.ts';
import type { SchedulerConfig } from '../schedulers/scheduler-config.ts';
import type { ConfigContent } from './checkpoint-parts.ts';
import type { ClipConfig } from './clip-config.ts';
import { findCheckpoint } from './find-checkpoint.ts';
import type { ModelCard } from './model-card.ts';
import { readOriginal } from './original/read-original.ts';
import { readDiffusers } from './read-diffusers.ts';
import { resolveModelCard } from './resolve-model-card.ts';
import { withOfferedQualities } from './offered-qualities.ts';
import { readQualityComponents } from './quality-components.ts';
import type { Decoder, FoundComponents, UNet } from './quality-components.ts';
import { unetArchitecture } from './unet-config.ts';
import type { UNetArchitecture } from './unet-config.ts';
import { vaeScaleFactor } from './vae-config.ts';
import type { VaeConfig } from './vae-config.ts';

/** A checkpoint: its configs, and the position of each tensor. The weights themselves are not read. */
export interface Checkpoint {
  /** The folder, or the file if the checkpoint is one file. */
  readonly path: string;
  readonly card: ModelCard;
  readonly unet: UNet;
  readonly vae: { readonly config: VaeConfig; readonly scaleFactor: number; readonly weights: Weights };
  /** What decodes the latents: the decoder of `vae`, unless a quality has another one. */
  readonly decoder: Decoder;
  readonly imageEncoder: { readonly config: ClipConfig; readonly weights: Weights };
  readonly scheduler: SchedulerConfig;
  readonly preprocessor: ClipNormalization;
  /** What the faster qualities compute with in place of `unet` and `decoder`: see `withComponentsOf`. */
  readonly components: FoundComponents['components'];
  /** The configs that affect the frames, for the digest. */
  readonly configs: readonly ConfigContent[];
  /** What the user should know of the files, one line each. */
  readonly warnings: readonly string[];
}

/**
 * Reads a checkpoint's configs and the headers of its weights. It does not compare the tensors with the configs: see
 * `openCheckpoint`.
 * @param path a folder in diffusers' layout, a `.safetensors` file in the layout of Stability AI's own code, or a folder with
 *   only one such file
 * @throws CheckpointError or SafetensorsError that names the file, when a file is missing or invalid, or when two configs
 *   contradict each other
 */
export async function readCheckpoint(path: string, signal?: AbortSignal): Promise<Checkpoint> {
  const found = await findCheckpoint(path);
  const parts = found.layout === 'diffusers' ? await readDiffusers(found.path) : await readOriginal(found.path);
  const { unet, vae, imageEncoder } = parts;
  const architecture = unetArchitecture(unet.config);
  checkComponentsFit(found.path, architecture, vae.config, imageEncoder.config);

  const scaleFactor = vaeScaleFactor(vae.config);
  const card = await resolveModelCard(
    {
      ...found,
      unetFiles: unet.weights.files,
      architecture,
      sampleSize: unet.config.sample_size ?? null,
      vaeScale: scaleFactor,
      latentChannels: vae.config.latent_channels,
    },
    signal,
  );
  const own = { ...vae, scaleFactor };
  const folder = found.cardFile === null ? null : dirname(found.cardFile);
  const others = await readQualityComponents(folder, { architecture, vae: own });
  return {
    ...parts,
    path: found.path,
    card: withOfferedQualities(card, others, folder !== null),
    configs: [...parts.configs, ...others.configs],
    warnings: [...found.warnings, ...parts.warnings, ...Object.values(others.faults)],
    unet: { architecture, weights: unet.weights },
    vae: own,
    decoder: vae,
    components: others.components,
  };
}

/** Checks that the configs of the UNet, the autoencoder and the image encoder fit together. */
function checkComponentsFit(path: string, unet: UNetArchitecture, vae: VaeConfig, clip: ClipConfig): void {
  const latents = vae.latent_channels;
  if (unet.outChannels !== latents || unet.inChannels !== 2 * latents) {
    throw new CheckpointError(
      `${path}: the UNet has in_channels ${unet.inChannels} and out_channels ${unet.outChannels}, but ` +
        `${latents} latent_channels of the VAE require ${2 * latents} and ${latents}`,
    );
  }
  for (const { contextDim, transformerLayers } of [...unet.down, unet.mid]) {
    const hasCrossAttention = transformerLayers.some((layers) => layers !== null);
    if (hasCrossAttention && contextDim !== clip.projection_dim) {
      throw new CheckpointError(
        `${path}: the UNet has cross_attention_dim ${contextDim}, but the image encoder has projection_dim ${clip.projection_dim}`,
      );
    }
  }
}
