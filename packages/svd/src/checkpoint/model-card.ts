import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Size } from '../image/fit-image.ts';
import { SAMPLER_KINDS } from '../schedulers/sampler.ts';
import type { SamplerKind } from '../schedulers/sampler.ts';
import { readConfig } from './read-config.ts';

/** The file beside `model_index.json`. */
export const MODEL_CARD_FILE = 'cinematica.json';

/** What a video is made with unless its maker says otherwise. */
export interface VideoDefaults {
  /** Frames of the finished video; more than the model's window are made in segments. */
  readonly frames: number;
  /** The frame rate that the model is told, 1…60 (it sees fps − 1, as SVD was trained). */
  readonly fps: number;
  /** `motion_bucket_id`, 1…255: how much moves. */
  readonly motion: number;
  /** `noise_aug_strength`, 0…1: how far the video may leave the photo. */
  readonly noiseAug: number;
  /** Denoising steps. */
  readonly steps: number;
  /** Guidance of the first and of the last frame; no unconditional pass where both are ≤ 1. */
  readonly guidance: { readonly min: number; readonly max: number };
}

/** What people choose instead of numbers. */
export const PRESETS = ['calm', 'natural', 'lively'] as const;
export type Preset = (typeof PRESETS)[number];

/** What a checkpoint's own files can't say. */
export interface ModelCard {
  /** Short name for commands, messages and addresses: small letters, digits and hyphens. */
  readonly name: string;
  /** Name for people. */
  readonly title: string;
  readonly licence: {
    readonly name: string;
    /** Identifier of the SPDX list, where there is one. */
    readonly spdx?: string | undefined;
    readonly url?: string | undefined;
    /** What has to be shown with the model or its videos. */
    readonly notice?: string | undefined;
  };
  /** Sizes that the model does well, its default first; each stands for its other orientation too. */
  readonly sizes: readonly [Size, ...Size[]];
  /** Width and height are multiples of this. */
  readonly multiple: number;
  /** Frames that the model makes at once. */
  readonly window: number;
  /** Frames decoded at once. */
  readonly decodeChunk: number;
  readonly sampler: SamplerKind;
  /** Noise levels for the default number of steps, in place of the sampler's own: descending, the end (0) included. */
  readonly sigmas?: readonly number[] | undefined;
  /**
   * Whether each segment of a longer video starts from the first one's noise rather than its own: of a model whose moves
   * follow from the noise, so that they go on.
   */
  readonly sharedNoise?: boolean | undefined;
  readonly defaults: VideoDefaults;
  /** Where a preset differs from the defaults. */
  readonly presets: Readonly<Record<Preset, Partial<VideoDefaults>>>;
}

const size = z
  .string()
  .regex(/^[1-9]\d{0,3}x[1-9]\d{0,3}$/, 'must look like "1024x576"')
  .transform((text): Size => {
    const [width, height] = text.split('x').map(Number) as [number, number];
    return { width, height };
  });

const video = z.strictObject({
  frames: z.int().min(1).max(1000),
  fps: z.int().min(1).max(60),
  motion: z.int().min(1).max(255),
  noiseAug: z.number().min(0).max(1),
  steps: z.int().min(1).max(1000),
  guidance: z
    .strictObject({ min: z.number().min(0).max(30), max: z.number().min(0).max(30) })
    .refine(({ min, max }) => min <= max, 'min is larger than max'),
});

const overrides = video.partial().optional();

/**
 * The content of `cinematica.json`: any part of a {@link ModelCard}, with sizes as text (`"1024x576"`). `base` names a
 * built-in card that it starts from.
 */
export const modelCardSchema = z
  .strictObject({
    base: z.string(),
    name: z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, 'must be small letters, digits and hyphens'),
    title: z.string().min(1).max(100),
    licence: z.strictObject({
      name: z.string().min(1),
      spdx: z.string().min(1).optional(),
      url: z.url({ protocol: /^https?$/ }).optional(),
      notice: z.string().min(1).optional(),
    }),
    sizes: z.tuple([size], size),
    multiple: z.int().min(1).max(1024),
    window: z.int().min(1).max(1000),
    decodeChunk: z.int().min(1).max(1000),
    sampler: z.enum(SAMPLER_KINDS),
    sigmas: z
      .array(z.number().min(0))
      .min(2)
      .max(1001)
      .refine((sigmas) => sigmas.every((sigma, i) => i === 0 || sigma < sigmas[i - 1]!), 'must descend'),
    sharedNoise: z.boolean(),
    defaults: video.partial(),
    presets: z.strictObject({ calm: overrides, natural: overrides, lively: overrides }),
  })
  .partial()
  .superRefine(({ sizes, multiple, sigmas, defaults }, context) => {
    sizes?.forEach(({ width, height }, i) => {
      if (multiple !== undefined && (width % multiple !== 0 || height % multiple !== 0)) {
        context.addIssue({ code: 'custom', path: ['sizes', i], message: `is not a multiple of ${multiple}` });
      }
    });
    if (sigmas && defaults?.steps !== undefined && defaults.steps !== sigmas.length - 1) {
      const message = `has levels for ${sigmas.length - 1} steps, but defaults.steps is ${defaults.steps}`;
      context.addIssue({ code: 'custom', path: ['sigmas'], message });
    }
  });

export type ModelCardFile = z.output<typeof modelCardSchema>;

/**
 * Reads a checkpoint's `cinematica.json`.
 *
 * @returns null where there is none
 * @throws CheckpointError that names the file, the field and what is wrong with it
 */
export async function readModelCard(folder: string): Promise<ModelCardFile | null> {
  const file = join(folder, MODEL_CARD_FILE);
  const exists = await lstat(file).then(
    () => true,
    () => false,
  );
  return exists ? readConfig(file, modelCardSchema) : null;
}
