import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Size } from '../image/fit-image.ts';
import { SAMPLER_KINDS } from '../schedulers/sampler.ts';
import type { SamplerKind } from '../schedulers/sampler.ts';
import { readConfig } from './read-config.ts';

/** The name of the model card, a file beside `model_index.json`. */
export const MODEL_CARD_FILE = 'cinematica.json';

/** Default settings of a video. */
export interface VideoDefaults {
  /** `num_frames` of the finished video. A video that is longer than the window of the model is made in segments. */
  readonly frames: number;
  /** `fps`: frame rate that the model is conditioned on, 1…60. As in diffusers, the model receives fps − 1. */
  readonly fps: number;
  /** `motion_bucket_id`: amount of motion, 1…255. */
  readonly motion: number;
  /** `noise_aug_strength`: noise added to the photo, 0…1. More noise lets the video deviate more from the photo. */
  readonly noiseAug: number;
  /** `num_inference_steps`, 1…1000. */
  readonly steps: number;
  /** `min_guidance_scale` and `max_guidance_scale`: guidance of the first and of the last frame. */
  readonly guidance: { readonly min: number; readonly max: number };
}

/** Names of the presets, each a set of settings. */
export const PRESETS = ['calm', 'natural', 'lively'] as const;
export type Preset = (typeof PRESETS)[number];

/** Settings of a model that its checkpoint's config files do not contain. */
export interface ModelCard {
  /** Short name for commands, messages and URLs: lower-case letters, digits and hyphens. */
  readonly name: string;
  /** Display name. */
  readonly title: string;
  readonly licence: {
    readonly name: string;
    /** SPDX identifier, if there is one. */
    readonly spdx?: string | undefined;
    readonly url?: string | undefined;
    /** Text that the licence requires to be shown with the model or its videos. */
    readonly notice?: string | undefined;
  };
  /** Recommended sizes in pixels, the default first. Each applies to both orientations. */
  readonly sizes: readonly [Size, ...Size[]];
  /** Width and height must be multiples of this number of pixels. */
  readonly multiple: number;
  /** Frames that the model makes in one run. */
  readonly window: number;
  /** `decode_chunk_size`: maximum number of frames that are decoded together. */
  readonly decodeChunk: number;
  readonly sampler: SamplerKind;
  /** Noise levels that replace those of the sampler for the default number of steps: descending, including the final 0. */
  readonly sigmas?: readonly number[] | undefined;
  /**
   * Whether all segments of a longer video start from the same noise. For a model whose camera motion follows from the
   * noise, so that the motion continues in the next segment. Default false.
   */
  readonly sharedNoise?: boolean | undefined;
  readonly defaults: VideoDefaults;
  /** The settings of each preset that differ from the defaults. */
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
    .refine(({ min, max }) => min <= max, 'min is greater than max'),
});

const overrides = video.partial().optional();

/**
 * Schema of `cinematica.json`: any part of a {@link ModelCard}, with sizes as text (`"1024x576"`). `base` names a built-in
 * card whose values apply to the missing parts.
 */
export const modelCardSchema = z
  .strictObject({
    base: z.string(),
    name: z
      .string()
      .regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, 'must consist of lower-case letters, digits and hyphens'),
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
      .refine((sigmas) => sigmas.every((sigma, i) => i === 0 || sigma < sigmas[i - 1]!), 'must be descending'),
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
      const message = `has noise levels for ${sigmas.length - 1} steps, but defaults.steps is ${defaults.steps}`;
      context.addIssue({ code: 'custom', path: ['sigmas'], message });
    }
  });

export type ModelCardFile = z.output<typeof modelCardSchema>;

/**
 * Reads the `cinematica.json` of a checkpoint.
 *
 * @returns null when the file does not exist
 * @throws CheckpointError that names the file, the field and the reason
 */
export async function readModelCard(folder: string): Promise<ModelCardFile | null> {
  const file = join(folder, MODEL_CARD_FILE);
  const exists = await lstat(file).then(
    () => true,
    () => false,
  );
  return exists ? readConfig(file, modelCardSchema) : null;
}
