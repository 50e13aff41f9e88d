import { CAMERA_MOVE_NAMES, CARD_SETTING_NAMES, SETTINGS } from '@cinematica/settings';
import type { CameraMoveName, CardSettingName } from '@cinematica/settings';
import { lstat } from 'node:fs/promises';
import { z } from 'zod';
import type { Size } from '../image/fit-image.ts';
import { SAMPLER_KINDS } from '../schedulers/sampler.ts';
import type { SamplerKind } from '../schedulers/sampler.ts';
import { readConfig } from './read-config.ts';

/** The name of the model card, a file beside `model_index.json` or beside a checkpoint of one file. */
export const MODEL_CARD_FILE = 'cinematica.json';

/**
 * Default settings of a video, under the names of `@cinematica/settings`. `frames` are those of the finished video: one
 * that is longer than the window of the model is made in segments.
 */
export type VideoDefaults = Readonly<Record<CardSettingName, number>>;

/** Names of the presets, each a set of settings. */
export const PRESETS = ['calm', 'natural', 'lively'] as const;
export type Preset = (typeof PRESETS)[number];

/** Names of the qualities below the best one. */
export const FASTER_QUALITIES = ['fast', 'draft'] as const;
export type FasterQuality = (typeof FASTER_QUALITIES)[number];

/** The components that a quality can have of its own. Of `vae`, it uses the decoder. */
export const COMPONENT_NAMES = ['unet', 'vae'] as const;
export type ComponentName = (typeof COMPONENT_NAMES)[number];

/** What a quality changes: settings, the sampler, and components. */
export interface QualityChanges {
  /**
   * The components that it computes with in place of the model's own. They are in the folder of the quality beside the model's
   * files, such as `draft/unet` and `draft/vae`. Without them, the model does not have the quality. Default: none.
   */
  readonly components?: readonly ComponentName[] | undefined;
  readonly sampler?: SamplerKind | undefined;
  readonly settings?: Readonly<Partial<Record<CardSettingName, number | undefined>>> | undefined;
}

/** The ways in which numbers become the path of a camera. */
const CAMERA_PATHS = ['nano'] as const;

/**
 * How a model is told the camera move: by numbers in the initial noise. Number i is `scale` times the mean, over all frames
 * and positions, of the noise of the latent channel `channels[i]` times a checkerboard pattern, which is 1 where x + y is
 * even and −1 where it is odd. Without a chosen camera move, the seed determines these numbers.
 */
export interface CameraNoise {
  /** Latent channels, from 0. */
  readonly channels: readonly number[];
  readonly scale: number;
  /**
   * How the numbers become the path of the camera. `nano`: by a UNet that models/nano/training/construct.py wrote. So it is known
   * before a video is made whether its camera looks beyond the photo's borders. Default: not known.
   */
  readonly path?: (typeof CAMERA_PATHS)[number] | undefined;
  /** The numbers of each camera move that the model supports: one for each channel. */
  readonly moves: Readonly<Partial<Record<CameraMoveName, readonly number[] | undefined>>>;
}

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
  /** Other samplers that the model gives good videos with. Default: none. */
  readonly samplers?: readonly SamplerKind[] | undefined;
  /** Noise levels that replace those of the sampler for the default number of steps: descending, including the final 0. */
  readonly sigmas?: readonly number[] | undefined;
  /**
   * Whether all segments of a longer video start from the same noise. For a model whose camera motion follows from the
   * noise, so that the motion continues in the next segment. Default false.
   */
  readonly sharedNoise?: boolean | undefined;
  /** Whether only the camera moves in the model's videos, and nothing in the scene by itself. Default false. */
  readonly onlyCameraMoves?: boolean | undefined;
  /** The camera moves that the model supports. Default: none. */
  readonly camera?: CameraNoise | undefined;
  readonly defaults: VideoDefaults;
  /** The settings of each preset that differ from the defaults. */
  readonly presets: Readonly<Record<Preset, Partial<VideoDefaults>>>;
  /** The number of places where DeepCache can divide the UNet: the values of `cacheBranch`, from 0. Follows from its config. */
  readonly cacheBranches?: number | undefined;
  /** What the faster qualities change. Default: the model has only the best one. */
  readonly qualities?: Readonly<Partial<Record<FasterQuality, QualityChanges | undefined>>> | undefined;
  /** What the faster qualities lack that the model could have, and what to do about it: one sentence each. */
  readonly lacking?: Readonly<Partial<Record<FasterQuality, string>>> | undefined;
}

const size = z
  .string()
  .regex(/^[1-9]\d{0,3}x[1-9]\d{0,3}$/, 'must look like "1024x576"')
  .transform((text): Size => {
    const [width, height] = text.split('x').map(Number) as [number, number];
    return { width, height };
  });

/** The catalogue's ranges as a schema. */
const defaultsSchema = z.strictObject(
  Object.fromEntries(
    CARD_SETTING_NAMES.map((name) => {
      const { min, max, integer } = SETTINGS[name];
      return [name, (integer ? z.int() : z.number()).min(min).max(max).optional()];
    }),
  ) as Record<CardSettingName, z.ZodOptional<z.ZodNumber>>,
);

/** Names of settings before version 0.2. Cards that have them are still read. */
const EARLIER_NAMES: Readonly<Record<string, CardSettingName>> = {
  fps: 'conditioningFps',
  motion: 'motionBucketId',
  noiseAug: 'noiseAugStrength',
};

/** `guidance: {min, max}` was one object before version 0.2. */
const EARLIER_GUIDANCE = z.strictObject({ min: z.unknown(), max: z.unknown() });

function renameEarlier(card: unknown): unknown {
  if (typeof card !== 'object' || card === null || Array.isArray(card)) return card;
  return Object.fromEntries(
    Object.entries(card).flatMap(([name, value]): [string, unknown][] => {
      const guidance = name === 'guidance' ? EARLIER_GUIDANCE.safeParse(value).data : undefined;
      if (!guidance) return [[EARLIER_NAMES[name] ?? name, value]];
      return [
        ['minGuidance', guidance.min],
        ['maxGuidance', guidance.max],
      ];
    }),
  );
}

const video = z.preprocess(renameEarlier, defaultsSchema);

const overrides = video.optional();

const quality = z
  .strictObject({
    components: z.array(z.enum(COMPONENT_NAMES)).optional(),
    sampler: z.enum(SAMPLER_KINDS).optional(),
    settings: overrides,
  })
  .optional();

const MAX_CAMERA_NUMBERS = 16;
/** A number of a camera move may be this large. Larger ones would make the noise a checkerboard. */
const MAX_CAMERA_NUMBER = 1000;
const cameraNumbers = z.array(z.number().min(-MAX_CAMERA_NUMBER).max(MAX_CAMERA_NUMBER)).optional();

const camera = z
  .strictObject({
    channels: z
      .array(z.int().min(0))
      .min(1)
      .max(MAX_CAMERA_NUMBERS)
      .refine((channels) => new Set(channels).size === channels.length, 'has a channel twice'),
    scale: z.number().positive(),
    path: z.enum(CAMERA_PATHS).optional(),
    moves: z
      .strictObject(
        Object.fromEntries(CAMERA_MOVE_NAMES.map((name) => [name, cameraNumbers])) as Record<
          CameraMoveName,
          typeof cameraNumbers
        >,
      )
      .refine((moves) => Object.keys(moves).length > 0, 'has no camera move'),
  })
  .superRefine(({ channels, moves }, context) => {
    for (const [name, numbers] of Object.entries(moves)) {
      if (numbers === undefined || numbers.length === channels.length) continue;
      const message = `must have a number for each of the ${channels.length} channels, not ${numbers.length}`;
      context.addIssue({ code: 'custom', path: ['moves', name], message });
    }
  });

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
    samplers: z.array(z.enum(SAMPLER_KINDS)),
    sigmas: z
      .array(z.number().min(0))
      .min(2)
      .max(SETTINGS.steps.max + 1)
      .refine((sigmas) => sigmas.every((sigma, i) => i === 0 || sigma < sigmas[i - 1]!), 'must be descending'),
    sharedNoise: z.boolean(),
    onlyCameraMoves: z.boolean(),
    camera,
    defaults: video,
    presets: z.strictObject({ calm: overrides, natural: overrides, lively: overrides }),
    qualities: z.strictObject({ fast: quality, draft: quality }),
  })
  .partial()
  .superRefine(({ sizes, multiple, sigmas, defaults, camera: moved, sharedNoise }, context) => {
    if (moved?.path !== undefined && sharedNoise !== true) {
      const message = 'can only be told when all segments go on with the same move: sharedNoise must be true';
      context.addIssue({ code: 'custom', path: ['camera', 'path'], message });
    }
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
 * Reads a `cinematica.json`.
 *
 * @returns null when the file does not exist
 * @throws CheckpointError that names the file, the field and the reason
 */
export async function readModelCard(file: string): Promise<ModelCardFile | null> {
  const exists = await lstat(file).then(
    () => true,
    () => false,
  );
  return exists ? readConfig(file, modelCardSchema) : null;
}
