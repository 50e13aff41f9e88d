import type { ModelCard } from '../checkpoint/model-card.ts';
import type { SamplerKind } from '../schedulers/sampler.ts';

/** Everything that a video's frames follow from, beside the photo and the model. */
export interface VideoSettings {
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  /** Frames of one run of the model. */
  readonly frames: number;
  /** The frame rate that the model is told. */
  readonly fps: number;
  /** `motion_bucket_id`. */
  readonly motion: number;
  /** `noise_aug_strength`: of the noise that the photo is given before it is encoded. */
  readonly noiseAug: number;
  readonly steps: number;
  /** Guidance of the first and the last frame; linear between them. */
  readonly minGuidance: number;
  readonly maxGuidance: number;
  /** An unsigned 32-bit number. */
  readonly seed: number;
  /** Which part of a longer video this is, from 0. */
  readonly segment: number;
  readonly sampler: SamplerKind;
  /** Noise levels in place of the sampler's own, the end included. */
  readonly sigmas?: readonly number[] | undefined;
  /** Frames decoded together. */
  readonly decodeChunk: number;
}

/** Settings that can't be. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

/** What someone asks for; the rest is the model's. */
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
 * Completes a request with the model's defaults.
 * @throws SettingsError naming the setting, its value and what it may be.
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
    // The card's own levels are for its own number of steps and its own sampler.
    sigmas:
      request.sigmas ??
      (card.sigmas?.length === steps + 1 && (request.sampler ?? card.sampler) === card.sampler
        ? card.sigmas
        : undefined),
    decodeChunk: request.decodeChunk ?? card.decodeChunk,
  };
  for (const [name, { min, max, whole }] of Object.entries(LIMITS)) {
    const value = settings[name as keyof typeof LIMITS];
    if (!(value >= min && value <= max) || (whole && !Number.isInteger(value))) {
      throw new SettingsError(`${name} must be a ${whole ? 'whole ' : ''}number from ${min} to ${max}, not ${value}`);
    }
  }
  for (const name of ['width', 'height'] as const) {
    const value = settings[name];
    if (!Number.isInteger(value) || value < card.multiple || value > 4096 || value % card.multiple) {
      throw new SettingsError(
        `${name} must be a multiple of ${card.multiple} from ${card.multiple} to 4096 with ${card.name}, not ${value}`,
      );
    }
  }
  return settings;
}

/**
 * Whether an unconditional pass is needed: only where some frame's guidance is over 1. Frames mix in the temporal layers,
 * so it is all of them or none.
 */
export const usesGuidance = ({ minGuidance, maxGuidance }: VideoSettings): boolean =>
  Math.max(minGuidance, maxGuidance) > 1;
