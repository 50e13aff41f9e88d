import { basename, join, resolve } from 'node:path';
import type { Size } from '../image/fit-image.ts';
import { CheckpointError } from './checkpoint-error.ts';
import { KNOWN_MODELS } from './known-models.ts';
import type { KnownModel } from './known-models.ts';
import { MODEL_CARD_FILE, readModelCard } from './model-card.ts';
import type { ModelCard, ModelCardFile } from './model-card.ts';
import { recognizeModel } from './recognize-model.ts';

/** What is known of a checkpoint from its own files. */
export interface CheckpointFacts {
  /** The folder of `model_index.json`. */
  readonly folder: string;
  /** The files of the UNet's weights. */
  readonly unetFiles: readonly string[];
  /** `num_frames` of the UNet's configuration. */
  readonly numFrames: number;
  /** `sample_size` of the UNet's configuration: latent height and width, or the side of a square of that area. */
  readonly sampleSize: number | readonly [height: number, width: number] | null;
  /** Pixels a latent, a side: 8 for SVD. */
  readonly vaeScale: number;
  /** Latents a side of the UNet's coarsest level: 8 for SVD. */
  readonly unetScale: number;
}

/**
 * Everything about a model that its configuration can't say: from `cinematica.json`, else from the built-in card of the
 * checkpoint it is (or that the file's `base` names), else what follows from the configuration and diffusers' defaults.
 *
 * @throws CheckpointError that names what is wrong in `cinematica.json`
 */
export async function resolveModelCard(
  facts: CheckpointFacts,
  signal?: AbortSignal,
  models: readonly KnownModel[] = KNOWN_MODELS,
): Promise<ModelCard> {
  const file = await readModelCard(facts.folder);
  const known = await builtIn(facts, file?.base, signal, models);
  const card = overlay(overlay(cardFromConfig(facts), known), file ?? {});

  const { multiple, sizes } = card;
  const path = join(facts.folder, MODEL_CARD_FILE);
  if (multiple % facts.vaeScale !== 0) {
    throw new CheckpointError(`${path}: multiple: ${multiple} is no multiple of the autoencoder's ${facts.vaeScale}`);
  }
  const misfit = sizes.find(({ width, height }) => width % multiple !== 0 || height % multiple !== 0);
  if (misfit) {
    throw new CheckpointError(`${path}: sizes: ${misfit.width}x${misfit.height} is no multiple of ${multiple}`);
  }
  const steps = card.sigmas ? card.sigmas.length - 1 : card.defaults.steps;
  return { ...card, defaults: { ...card.defaults, steps } };
}

async function builtIn(
  { folder, unetFiles }: CheckpointFacts,
  base: string | undefined,
  signal: AbortSignal | undefined,
  models: readonly KnownModel[],
): Promise<ModelCardFile> {
  if (base === undefined) {
    const [file, ...others] = unetFiles;
    return file === undefined || others.length > 0 ? {} : ((await recognizeModel(file, signal, models))?.card ?? {});
  }
  const model = models.find(({ card }) => card.name === base);
  if (model) return model.card;
  const names = models.map(({ card }) => card.name).join(', ');
  throw new CheckpointError(`${join(folder, MODEL_CARD_FILE)}: base: ${base} is not built in; one of ${names}`);
}

function cardFromConfig({ folder, numFrames, sampleSize, vaeScale, unetScale }: CheckpointFacts): ModelCard {
  const name = basename(resolve(folder));
  const multiple = vaeScale * unetScale;
  const slug = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 63)
    .replace(/^-|-$/g, '');
  return {
    name: slug || 'model',
    title: name || 'Model',
    licence: { name: 'unknown: see where the checkpoint comes from' },
    sizes: [defaultSize(sampleSize, vaeScale, multiple)],
    multiple,
    window: numFrames,
    decodeChunk: 8,
    sampler: 'euler',
    defaults: { frames: 50, fps: 7, motion: 127, noiseAug: 0.02, steps: 25, guidance: { min: 1, max: 3 } },
    presets: { calm: { motion: 60 }, natural: {}, lively: { motion: 190, noiseAug: 0.05 } },
  };
}

/** A square `sample_size` stands for a picture of 16:9 with that area, as SVD's 96 does for 1024×576. */
function defaultSize(sampleSize: CheckpointFacts['sampleSize'], vaeScale: number, multiple: number): Size {
  const [height, width] =
    typeof sampleSize === 'object' && sampleSize !== null
      ? sampleSize
      : [((sampleSize ?? 96) * 3) / 4, ((sampleSize ?? 96) * 4) / 3];
  const fit = (latents: number) => Math.max(Math.round((latents * vaeScale) / multiple), 1) * multiple;
  return { width: fit(width), height: fit(height) };
}

/** What `above` says wins; defaults and presets are merged setting by setting. */
function overlay(below: ModelCard, above: ModelCardFile): ModelCard {
  const { calm, natural, lively } = above.presets ?? {};
  return {
    name: above.name ?? below.name,
    title: above.title ?? below.title,
    licence: above.licence ?? below.licence,
    sizes: above.sizes ?? below.sizes,
    multiple: above.multiple ?? below.multiple,
    window: above.window ?? below.window,
    decodeChunk: above.decodeChunk ?? below.decodeChunk,
    sampler: above.sampler ?? below.sampler,
    sigmas: above.sigmas ?? below.sigmas,
    sharedNoise: above.sharedNoise ?? below.sharedNoise,
    defaults: over(below.defaults, above.defaults),
    presets: {
      calm: over(below.presets.calm, calm),
      natural: over(below.presets.natural, natural),
      lively: over(below.presets.lively, lively),
    },
  };
}

function over<T extends object>(below: T, above: { readonly [K in keyof T]?: T[K] | undefined } = {}): T {
  return { ...below, ...Object.fromEntries(Object.entries(above).filter(([, value]) => value !== undefined)) };
}
