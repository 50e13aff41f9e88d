import type { ModelCard } from '../checkpoint/model-card.ts';
import type { SamplerKind } from '../schedulers/sampler.ts';

/** Settings of one segment. Together with the photo and the model they determine its frames. */
export interface VideoSettings {
  /** `width` and `height` in pixels. */
  readonly width: number;
  readonly height: number;
  /** `num_frames` of the segment. */
  readonly frames: number;
  /** `fps` that the model is conditioned on, 1…60. */
  readonly fps: number;
  /** `motion_bucket_id`, 1…255. */
  readonly motion: number;
  /** `noise_aug_strength`: noise that is added to the photo before it is encoded, 0…1. */
  readonly noiseAug: number;
  /** `num_inference_steps`, 1…1000. */
  readonly steps: number;
  /** `min_guidance_scale` and `max_guidance_scale`: guidance of the first and the last frame, interpolated linearly. */
  readonly minGuidance: number;
  readonly maxGuidance: number;
  /** Seed of the random numbers, an unsigned 32-bit integer. */
  readonly seed: number;
  /** The number of the segment in the video, from 0. */
  readonly segment: number;
  readonly sampler: SamplerKind;
  /** `sigmas`: noise levels that replace those of the sampler: descending, including the final one. */
  readonly sigmas?: readonly number[] | undefined;
  /** `decode_chunk_size`: maximum number of frames that are decoded together. */
  readonly decodeChunk: number;
}

/** A setting is out of range. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
  /** The invalid setting. The message begins with its name. */
  readonly field: keyof VideoSettings;

  constructor(field: keyof VideoSettings, requirement: string) {
    super(`${field} ${requirement}`);
    this.field = field;
  }
}

/** The requested settings. The model's defaults apply to the missing ones. */
export type SettingsRequest = Partial<VideoSettings> & Pick<VideoSettings, 'width' | 'height' | 'seed'>;

const LIMITS = {
  frames: { min: 1, max: 250, whole: true },
  fps: { min: 1, max: 60, whole: true },
  motion: { min: 1, max: 255, whole: true },
  noiseAug: { min: 0, max: 1, whole: false },
  steps: { min: 1, max: 1000, whole: true },
  minGuidance: { min: 0, max: 30, whole: false },
  maxGuidance: { min: 0, max: 30, whole: false },
  seed: { min: 0, max: 2 ** 32 - 1, whole: true },
  segment: { min: 0, max: 1000, whole: true },
  decodeChunk: { min: 1, max: 250, whole: true },
} as const;

/**
 * Completes a request with the defaults of the model, and checks all settings.
 * @throws SettingsError that names the setting, its value and its range
 */
export function resolveSettings(card: ModelCard, request: SettingsRequest): VideoSettings {
  const { defaults } = card;
  const steps = request.steps ?? (request.sigmas ? request.sigmas.length - 1 : defaults.steps);
  const settings: VideoSettings = {
    width: request.width,
    height: request.height,
    frames: request.frames ?? card.window,
    fps: request.fps ?? defaults.fps,
    motion: request.motion ?? defaults.motion,
    noiseAug: request.noiseAug ?? defaults.noiseAug,
    steps,
    minGuidance: request.minGuidance ?? Math.min(defaults.guidance.min, request.maxGuidance ?? Infinity),
    maxGuidance: request.maxGuidance ?? Math.max(defaults.guidance.max, request.minGuidance ?? 0),
    seed: request.seed,
    segment: request.segment ?? 0,
    sampler: request.sampler ?? card.sampler,
    // The sigmas of the card apply only to its own number of steps and its own sampler.
    sigmas:
      request.sigmas ??
      (card.sigmas?.length === steps + 1 && (request.sampler ?? card.sampler) === card.sampler
        ? card.sigmas
        : undefined),
    decodeChunk: request.decodeChunk ?? card.decodeChunk,
  };
  for (const name of Object.keys(LIMITS) as (keyof typeof LIMITS)[]) {
    const { min, max, whole } = LIMITS[name];
    const value = settings[name];
    if (!(value >= min && value <= max) || (whole && !Number.isInteger(value))) {
      throw new SettingsError(name, `must be a ${whole ? 'whole ' : ''}number from ${min} to ${max}, not ${value}`);
    }
  }
  for (const name of ['width', 'height'] as const) {
    const value = settings[name];
    if (!Number.isInteger(value) || value < card.multiple || value > 4096 || value % card.multiple) {
      throw new SettingsError(
        name,
        `must be a multiple of ${card.multiple} from ${card.multiple} to 4096 with ${card.name}, not ${value}`,
      );
    }
  }
  return settings;
}

/**
 * Whether the denoiser needs an unconditional prediction: if the guidance of any frame exceeds 1. The temporal layers mix the
 * frames, so it is computed for all frames or for none.
 */
export const usesGuidance = ({ minGuidance, maxGuidance }: VideoSettings): boolean =>
  Math.max(minGuidance, maxGuidance) > 1;
