import { access } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { openWeights } from '../safetensors/weights.ts';
import type { Weights } from '../safetensors/weights.ts';
import { SafetensorsError } from '../safetensors/safetensors-error.ts';
import { CheckpointError } from './checkpoint-error.ts';
import type { ConfigContent } from './checkpoint-parts.ts';
import { FASTER_QUALITIES } from './model-card.ts';
import type { ComponentName, FasterQuality } from './model-card.ts';
import { readConfigFile } from './read-config.ts';
import { withoutFolders } from './without-folders.ts';
import { unetArchitecture, unetConfigSchema } from './unet-config.ts';
import type { UNetArchitecture } from './unet-config.ts';
import { vaeConfigSchema, vaeScaleFactor } from './vae-config.ts';
import type { VaeConfig } from './vae-config.ts';

/** A UNet. */
export interface UNet {
  readonly architecture: UNetArchitecture;
  readonly weights: Weights;
}

/** An autoencoder, of which the decoder is used. */
export interface Decoder {
  readonly config: VaeConfig;
  readonly weights: Weights;
}

/** What a quality computes with in place of the checkpoint's own components. */
export interface QualityComponents {
  readonly unet?: UNet;
  readonly decoder?: Decoder;
}

/** The components of the qualities of a checkpoint. */
export interface FoundComponents {
  readonly components: Readonly<Partial<Record<FasterQuality, QualityComponents>>>;
  /** Their own configs, for the digest. */
  readonly configs: readonly ConfigContent[];
  /** Why components that are there cannot be used, one line each, without the folder of the checkpoint. */
  readonly faults: Readonly<Partial<Record<FasterQuality, string>>>;
}

/** The checkpoint's own components, which the others must fit. */
export interface OwnComponents {
  readonly architecture: UNetArchitecture;
  readonly vae: { readonly config: VaeConfig; readonly scaleFactor: number };
}

/**
 * Reads the components of the faster qualities: in the folder of a checkpoint, each quality may have a folder of its name with
 * `unet` and `vae` in diffusers' layout, such as `draft/unet` and `draft/vae`. Without a `config.json`, such a UNet has the
 * architecture of the checkpoint's own one: AnimateLCM is published without it. Components that cannot be read, such as an
 * unfinished download, are faults of their quality, not of the checkpoint.
 * @param folder null for a checkpoint that has no folder of its own
 */
export async function readQualityComponents(folder: string | null, own: OwnComponents): Promise<FoundComponents> {
  const components: Partial<Record<FasterQuality, QualityComponents>> = {};
  const faults: Partial<Record<FasterQuality, string>> = {};
  const configs: ConfigContent[] = [];
  for (const quality of FASTER_QUALITIES) {
    if (folder === null) continue;
    const path = join(folder, quality);
    if (!(await exists(path))) continue;
    try {
      const [unet, vae] = [await readUNet(path, own.architecture), await readDecoder(path, own.vae)];
      components[quality] = { ...(unet && { unet: unet.unet }), ...(vae && { decoder: vae.decoder }) };
      configs.push(...[...(unet?.configs ?? []), ...(vae?.configs ?? [])]);
    } catch (error) {
      if (!(error instanceof CheckpointError || error instanceof SafetensorsError)) throw error;
      faults[quality] = withoutFolders(error.message, folder);
    }
  }
  return { components, configs, faults };
}

async function readUNet(path: string, own: UNetArchitecture) {
  const folder = join(path, 'unet');
  if (!(await exists(folder))) return null;
  const file = join(folder, 'config.json');
  const read = (await exists(file)) ? await readConfigFile(file, unetConfigSchema) : null;
  const architecture = read ? unetArchitecture(read.config) : own;
  const differing = (['inChannels', 'outChannels'] as const).find((name) => architecture[name] !== own[name]);
  if (differing !== undefined || architecture.mid.contextDim !== own.mid.contextDim) {
    throw new CheckpointError(`${file} does not fit the model's own UNet (${differing ?? 'cross_attention_dim'})`);
  }
  const weights = await openWeights(folder, 'diffusion_pytorch_model');
  return { unet: { architecture, weights }, configs: read ? [contentOf(path, 'unet', read.content)] : [] };
}

async function readDecoder(path: string, own: OwnComponents['vae']) {
  const folder = join(path, 'vae');
  if (!(await exists(folder))) return null;
  const file = join(folder, 'config.json');
  const { config, content } = await readConfigFile(file, vaeConfigSchema);
  if (config.latent_channels !== own.config.latent_channels || vaeScaleFactor(config) !== own.scaleFactor) {
    throw new CheckpointError(
      `${file} is an autoencoder for other latents: it has ${config.latent_channels} channels and the factor ` +
        `${vaeScaleFactor(config)}, but the model's own has ${own.config.latent_channels} and ${own.scaleFactor}`,
    );
  }
  const weights = await openWeights(folder, 'diffusion_pytorch_model');
  return { decoder: { config, weights }, configs: [contentOf(path, 'vae', content)] };
}

const contentOf = (path: string, component: ComponentName, content: Buffer): ConfigContent => ({
  name: `${basename(path)}/${component}/config.json`,
  content,
});

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
