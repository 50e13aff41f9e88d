import { CARD_DEFAULTS } from '@cinematica/settings';
import { basename, dirname, resolve } from 'node:path';
import type { Size } from '../image/fit-image.ts';
import { branchCount } from '../nn/deep-cache.ts';
import { CheckpointError } from './checkpoint-error.ts';
import { KNOWN_MODELS } from './known-models.ts';
import type { KnownModel } from './known-models.ts';
import { readModelCard } from './model-card.ts';
import type { ModelCard, ModelCardFile } from './model-card.ts';
import { recognizeFamily } from './recognize-family.ts';
import { recognizeModel } from './recognize-model.ts';
import type { UNetArchitecture } from './unet-config.ts';

/** Properties of a checkpoint that follow from its own files. */
export interface CheckpointInfo {
  /** The folder, or the file of a checkpoint that is one file. */
  readonly path: string;
  /** The name of the folder or file, without an extension. */
  readonly name: string;
  /** The path of `cinematica.json`, which need not exist; null if there is no place for one. */
  readonly cardFile: string | null;
  /** Paths of the UNet's weights files. */
  readonly unetFiles: readonly string[];
  readonly architecture: UNetArchitecture;
  /** `sample_size` of the UNet's config: height and width of the latents, or the side of a square with the same area. */
  readonly sampleSize: number | readonly [height: number, width: number] | null;
  /** Downscaling factor of the autoencoder: 8 for SVD. */
  readonly vaeScale: number;
  /** Latent channels of the autoencoder: 4 for SVD. */
  readonly latentChannels: number;
}

/**
 * Creates the model card of a checkpoint. Each setting comes from the first of these that has it: `cinematica.json`; the
 * built-in card that its `base` names or, without `base`, that of the recognised checkpoint; the checkpoint's configs and
 * diffusers' defaults.
 *
 * @throws CheckpointError that names the invalid field of `cinematica.json`
 */
export async function resolveModelCard(
  info: CheckpointInfo,
  signal?: AbortSignal,
  models: readonly KnownModel[] = KNOWN_MODELS,
): Promise<ModelCard> {
  const file = info.cardFile === null ? null : await readModelCard(info.cardFile);
  const known = await findBuiltInCard(info, file?.base, signal, models);
  const card = mergeCards(mergeCards(defaultCard(info), known), file ?? {});

  const { multiple, sizes } = card;
  const path = info.cardFile ?? info.path;
  if (multiple % info.vaeScale !== 0) {
    throw new CheckpointError(
      `${path}: multiple: ${multiple} is not a multiple of the autoencoder's scale factor ${info.vaeScale}`,
    );
  }
  const invalidSize = sizes.find(({ width, height }) => width % multiple !== 0 || height % multiple !== 0);
  if (invalidSize) {
    throw new CheckpointError(
      `${path}: sizes: ${invalidSize.width}x${invalidSize.height} is not a multiple of ${multiple}`,
    );
  }
  const channel = card.camera?.channels.find((number) => number >= info.latentChannels);
  if (channel !== undefined) {
    throw new CheckpointError(
      `${path}: camera.channels: ${channel} is not a latent channel; the autoencoder has 0 to ${info.latentChannels - 1}`,
    );
  }
  const steps = card.sigmas ? card.sigmas.length - 1 : card.defaults.steps;
  return { ...card, defaults: { ...card.defaults, steps } };
}

async function findBuiltInCard(
  { path, cardFile, unetFiles, architecture }: CheckpointInfo,
  base: string | undefined,
  signal: AbortSignal | undefined,
  models: readonly KnownModel[],
): Promise<ModelCardFile> {
  if (base === undefined) {
    const [file, ...others] = unetFiles;
    const known = file === undefined || others.length > 0 ? null : await recognizeModel(file, signal, models);
    return known?.card ?? recognizeFamily(path, architecture, models) ?? {};
  }
  const model = models.find(({ card }) => card.name === base);
  if (model) return model.card;
  const names = models.map(({ card }) => card.name).join(', ');
  throw new CheckpointError(`${cardFile ?? path}: base: ${base} is not a built-in card; use one of ${names}`);
}

function defaultCard({ path, name: given, architecture, sampleSize, vaeScale }: CheckpointInfo): ModelCard {
  const name = given || basename(dirname(resolve(path)));
  const slug = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 63)
    .replace(/^-|-$/g, '');
  return {
    name: slug || 'model',
    title: name || 'Model',
    licence: { name: 'unknown: see the source of the checkpoint' },
    sizes: [defaultSize(sampleSize, vaeScale, vaeScale * 2 ** (architecture.down.length - 1))],
    multiple: vaeScale,
    window: architecture.frames,
    decodeChunk: 8,
    cacheBranches: branchCount(architecture),
    sampler: 'euler',
    defaults: CARD_DEFAULTS,
    presets: {
      calm: { motionBucketId: 60 },
      natural: {},
      lively: { motionBucketId: 190, noiseAugStrength: 0.05 },
    },
  };
}

/**
 * The default size is a multiple of the pixels of the UNet's coarsest level. A square `sample_size` stands for a 16:9 picture with the same area, as
 * SVD's 96 stands for 1024×576.
 */
function defaultSize(sampleSize: CheckpointInfo['sampleSize'], vaeScale: number, multiple: number): Size {
  const [height, width] =
    typeof sampleSize === 'object' && sampleSize !== null
      ? sampleSize
      : [((sampleSize ?? 96) * 3) / 4, ((sampleSize ?? 96) * 4) / 3];
  const fit = (latents: number) => Math.max(Math.round((latents * vaeScale) / multiple), 1) * multiple;
  return { width: fit(width), height: fit(height) };
}

/** Replaces the values of `base` that `override` has. Defaults and presets are merged setting by setting. */
function mergeCards(base: ModelCard, override: ModelCardFile): ModelCard {
  const { calm, natural, lively } = override.presets ?? {};
  return {
    name: override.name ?? base.name,
    title: override.title ?? base.title,
    licence: override.licence ?? base.licence,
    sizes: override.sizes ?? base.sizes,
    multiple: override.multiple ?? base.multiple,
    window: override.window ?? base.window,
    decodeChunk: override.decodeChunk ?? base.decodeChunk,
    sampler: override.sampler ?? base.sampler,
    samplers: override.samplers ?? base.samplers,
    sigmas: override.sigmas ?? base.sigmas,
    sharedNoise: override.sharedNoise ?? base.sharedNoise,
    onlyCameraMoves: override.onlyCameraMoves ?? base.onlyCameraMoves,
    camera: override.camera ?? base.camera,
    cacheBranches: base.cacheBranches,
    qualities: override.qualities ?? base.qualities,
    defaults: mergeDefined(base.defaults, override.defaults),
    presets: {
      calm: mergeDefined(base.presets.calm, calm),
      natural: mergeDefined(base.presets.natural, natural),
      lively: mergeDefined(base.presets.lively, lively),
    },
  };
}

function mergeDefined<T extends object>(base: T, override: { readonly [K in keyof T]?: T[K] | undefined } = {}): T {
  return { ...base, ...Object.fromEntries(Object.entries(override).filter(([, value]) => value !== undefined)) };
}
