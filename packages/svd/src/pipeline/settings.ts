import { CAMERA_MOVE_NAMES, CARD_SETTING_NAMES, checkSetting, pickSettings } from '@cinematica/settings';
import type { CameraMoveName, CardSettingName } from '@cinematica/settings';
import type { ModelCard } from '../checkpoint/model-card.ts';
import type { SamplerKind } from '../schedulers/sampler.ts';

/**
 * Settings of one segment. Together with the photo and the model they determine its frames. The numeric ones have the names,
 * units and ranges of `@cinematica/settings`; `frames` are those that the model makes in the segment.
 */
export interface SegmentSettings extends Readonly<Record<CardSettingName, number>> {
  /** `width` and `height` in pixels. */
  readonly width: number;
  readonly height: number;
  /** Seed of the random numbers, an unsigned 32-bit integer. */
  readonly seed: number;
  /** The number of the segment in the video, from 0. */
  readonly segment: number;
  readonly sampler: SamplerKind;
  /** `sigmas`: noise levels that replace those of the sampler: descending, including the final one. */
  readonly sigmas?: readonly number[] | undefined;
  /** `decode_chunk_size`: maximum number of frames that are decoded together. */
  readonly decodeChunk: number;
  /** The camera move, one of those of the model card. Default: the seed determines how the camera moves. */
  readonly camera?: CameraMoveName | undefined;
}

/** The names of the camera moves that a model supports, in the order of the catalogue. */
export const cameraMovesOf = ({ camera }: Pick<ModelCard, 'camera'>): CameraMoveName[] =>
  CAMERA_MOVE_NAMES.filter((name) => camera?.moves[name] !== undefined);

/** A setting is out of range. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
  /** The invalid setting. The message begins with its name. */
  readonly field: keyof SegmentSettings;
  /** What it must be, such as "must be a whole number from 1 to 60, not 0". */
  readonly requirement: string;

  constructor(field: keyof SegmentSettings, requirement: string) {
    super(`${field} ${requirement}`);
    this.field = field;
    this.requirement = requirement;
  }
}

/** The requested settings. The model's defaults apply to the missing ones. */
export type SettingsRequest = Partial<SegmentSettings> & Pick<SegmentSettings, 'width' | 'height' | 'seed'>;

/** The settings of the catalogue that a segment has. */
const CHECKED = [...CARD_SETTING_NAMES, 'seed'] as const;

/** Settings that only this package knows. */
const LIMITS = {
  segment: { min: 0, max: 1000 },
  decodeChunk: { min: 1, max: 250 },
} as const;

/**
 * Completes a request with the defaults of the model, and checks all settings.
 * @throws SettingsError that names the setting, its value and its range
 */
export function resolveSettings(card: ModelCard, request: SettingsRequest): SegmentSettings {
  const { defaults } = card;
  const steps = request.steps ?? (request.sigmas ? request.sigmas.length - 1 : defaults.steps);
  const settings: SegmentSettings = {
    ...defaults,
    ...pickSettings(request, CARD_SETTING_NAMES),
    width: request.width,
    height: request.height,
    frames: request.frames ?? card.window,
    steps,
    minGuidance: request.minGuidance ?? Math.min(defaults.minGuidance, request.maxGuidance ?? Infinity),
    maxGuidance: request.maxGuidance ?? Math.max(defaults.maxGuidance, request.minGuidance ?? 0),
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
    camera: request.camera,
  };
  if (settings.camera !== undefined && card.camera?.moves[settings.camera] === undefined) {
    const moves = cameraMovesOf(card);
    throw new SettingsError(
      'camera',
      moves.length === 0
        ? `must be auto: ${card.name} does not support camera moves`
        : `must be auto or one of ${moves.join(', ')} with ${card.name}, not ${settings.camera}`,
    );
  }
  for (const name of CHECKED) {
    const requirement = checkSetting(name, settings[name]);
    if (requirement !== null) throw new SettingsError(name, requirement);
  }
  if (settings.frameInterval > settings.conditioningFps) {
    throw new SettingsError(
      'frameInterval',
      `must be at most conditioning_fps, which is ${settings.conditioningFps}, not ${settings.frameInterval}`,
    );
  }
  const branches = card.cacheBranches ?? Infinity;
  if (settings.cacheInterval > 1 && settings.cacheBranch >= branches) {
    throw new SettingsError(
      'cacheBranch',
      `must be a whole number from 0 to ${branches - 1} with ${card.name}, not ${settings.cacheBranch}`,
    );
  }
  for (const name of Object.keys(LIMITS) as (keyof typeof LIMITS)[]) {
    const { min, max } = LIMITS[name];
    const value = settings[name];
    if (Number.isInteger(value) && value >= min && value <= max) continue;
    throw new SettingsError(name, `must be a whole number from ${min} to ${max}, not ${value}`);
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

/** The lowest frame rate that SVD was trained with. */
const LOWEST_FPS = 5;

/**
 * The frame rate that the model is told: that of the frames that it makes, but an interval does not lower it below what SVD was
 * trained with. The motion is then a little slower.
 */
export const modelFps = ({ conditioningFps, frameInterval }: FrameRate): number =>
  Math.max(conditioningFps / frameInterval, Math.min(conditioningFps, LOWEST_FPS));

type FrameRate = Pick<SegmentSettings, 'conditioningFps' | 'frameInterval'>;

/**
 * Whether the denoiser needs an unconditional prediction: if the guidance of any frame exceeds 1. The temporal layers mix the
 * frames, so it is computed for all frames or for none.
 */
export const usesGuidance = ({ minGuidance, maxGuidance }: GuidanceSettings): boolean =>
  Math.max(minGuidance, maxGuidance) > 1;

type GuidanceSettings = Pick<SegmentSettings, 'minGuidance' | 'maxGuidance'>;
type StepSettings = GuidanceSettings & Pick<SegmentSettings, 'guidanceSteps' | 'cacheInterval'>;

/** Whether a step computes an unconditional prediction, too. @param step from 0 */
export const isGuidedStep = (settings: Omit<StepSettings, 'cacheInterval'>, step: number): boolean =>
  usesGuidance(settings) && (settings.guidanceSteps === 0 || step < settings.guidanceSteps);

/**
 * What a step computes: the shape of its graph.
 * @param step from 0
 * @param hasKept whether an earlier full step has kept its tensor
 */
export function stepKind(settings: StepSettings & Pick<SegmentSettings, 'cacheBranch'>, step: number, hasKept = true) {
  const pass = !hasKept || isFullStep(settings, step) ? 'full' : 'shallow';
  return {
    guidance: isGuidedStep(settings, step),
    pass,
    cache: settings.cacheInterval > 1 ? ({ branch: settings.cacheBranch, pass } as const) : undefined,
  } as const;
}

/**
 * Whether a step computes the whole UNet: the first one of each interval of DeepCache and, because what is kept has another
 * shape there, the first one without guidance. @param step from 0
 */
export const isFullStep = (settings: StepSettings, step: number): boolean =>
  step % settings.cacheInterval === 0 ||
  (step > 0 && isGuidedStep(settings, step) !== isGuidedStep(settings, step - 1));
