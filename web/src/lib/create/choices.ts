import { CameraMove, Preset, Quality, Resolution, Sampler } from '@cinematica/protocol/v1';
import type { Capabilities, Limits, Model, Range, VideoSettings } from '@cinematica/protocol/v1';
import { cameraMoveName } from '@cinematica/settings/camera-moves';
import { defaultFrameRate } from '@cinematica/settings/frame-rate';
import { limitOf } from '@cinematica/settings/limit-of';
import { DEFAULT_RESOLUTION } from '@cinematica/settings/output-size';
import { EXTRA_OUTPUT_NAMES, OUTPUT_FILES } from '@cinematica/settings/output-files';
import type { ExtraOutputKind } from '@cinematica/settings/output-files';
import { DEFAULT_CROP, isDefaultCrop } from './crop.ts';
import type { Crop, Size } from './crop.ts';
import { aspectOf, shapeForSize } from './shapes.ts';
import type { Shape } from './shapes.ts';

/** The numeric settings, under the API's names. */
export const NUMERIC_SETTINGS = [
  'frames',
  'conditioningFps',
  'frameRate',
  'motionBucketId',
  'noiseAugStrength',
  'steps',
  'minGuidance',
  'maxGuidance',
  'guidanceSteps',
  'cacheInterval',
  'cacheBranch',
  'frameInterval',
] as const;
export type NumericSetting = (typeof NUMERIC_SETTINGS)[number];
export type NumericSettings = Readonly<Record<NumericSetting, number>>;

/** The settings that a model of one step has no use for, and the form does not show then: see {@link stepsRange}. */
export const STEP_SETTINGS = [
  'steps',
  'minGuidance',
  'maxGuidance',
  'guidanceSteps',
  'cacheInterval',
  'cacheBranch',
] as const satisfies readonly NumericSetting[];
export type StepSetting = (typeof STEP_SETTINGS)[number];

/** The optional outputs; the MP4 and the poster are always made. */
export const EXTRA_OUTPUTS = EXTRA_OUTPUT_NAMES.map((name) => OUTPUT_FILES[name].kind);
export type ExtraOutput = ExtraOutputKind;

/** The sizes of the files, from the model's own to the largest. */
export const RESOLUTIONS = [Resolution.MODEL, Resolution.HD, Resolution.FULL_HD] as const;
export type KnownResolution = (typeof RESOLUTIONS)[number];

/** What the user has chosen on the create screen; everything else comes from the preset and the model. */
export interface Choices {
  readonly preset: Preset;
  readonly shape: Shape;
  /** The size of the files. */
  readonly resolution: KnownResolution;
  /** One of the model's qualities. */
  readonly quality: Quality;
  /** One of the model's camera moves; `UNSPECIFIED` if the seed determines how the camera moves. */
  readonly camera: CameraMove;
  /** One of the {@link samplersOf} the model; `UNSPECIFIED` for its own, or that of the quality. */
  readonly sampler: Sampler;
  /** Numeric settings that differ from the preset's. */
  readonly overrides: Partial<NumericSettings>;
  readonly extras: readonly ExtraOutput[];
  /** 0…{@link MAX_SEED}; random if undefined. */
  readonly seed?: number | undefined;
  /** How many videos are made at once, which differ in the seed: 1, 2 or 4. */
  readonly variants: number;
}

/** The numbers of videos that can be made at once. */
const VARIANTS = [1, 2, 4] as const;

/** Those numbers of videos that the gateway accepts at once from one caller. */
export const variantCounts = ({ maxUnfinishedVideos }: Pick<Limits, 'maxUnfinishedVideos'>): readonly number[] =>
  VARIANTS.filter((count) => count === 1 || count <= maxUnfinishedVideos);

/** The seed is a uint32. */
export const MAX_SEED = 2 ** 32 - 1;

/** From little motion to much. */
export const PRESETS = [Preset.CALM, Preset.NATURAL, Preset.LIVELY] as const;

export const DEFAULT_CHOICES: Choices = {
  preset: Preset.NATURAL,
  shape: 'auto',
  resolution: DEFAULT_RESOLUTION,
  quality: Quality.BEST,
  camera: CameraMove.UNSPECIFIED,
  sampler: Sampler.UNSPECIFIED,
  overrides: {},
  extras: [],
  variants: 1,
};

/**
 * The limits of a numeric setting.
 *
 * @param numbers the current settings; with them, `frameRate` is at least `conditioningFps`, and `frameInterval` at most.
 * @throws RangeError if the gateway reported no limits for the setting
 */
export function rangeOf(name: NumericSetting, limits: Limits, numbers?: NumericSettings): Range {
  const range = limits[limitOf(name)];
  if (!range) throw new RangeError(`the gateway reported no limits for ${name}`);
  if (name === 'frameRate' && numbers) return { ...range, min: Math.max(range.min, numbers.conditioningFps) };
  if (name === 'frameInterval' && numbers) return { ...range, max: Math.min(range.max, numbers.conditioningFps) };
  return range;
}

/** More steps than this multiple of the model's own number no longer improve a video. */
const USEFUL_STEPS = 10;

/**
 * The numbers of steps that make sense for a model; undefined for a model that was made for one step. Such a model has no use
 * for the other {@link STEP_SETTINGS} either.
 */
export function stepsRange(model: Model, limits: Limits): Range | undefined {
  const own = model.defaults?.steps ?? 1;
  if (own <= 1) return undefined;
  const range = rangeOf('steps', limits);
  return { ...range, max: Math.min(range.max, own * USEFUL_STEPS) };
}

/**
 * The frame rates to choose from: the model's own, the default, and twice the default. Without those that are equal or too high.
 */
export function smoothRates({ conditioningFps }: Pick<NumericSettings, 'conditioningFps'>, limits: Limits): number[] {
  const fluid = Math.max(conditioningFps, defaultFrameRate(conditioningFps));
  const { max } = rangeOf('frameRate', limits);
  return [...new Set([conditioningFps, fluid, 2 * fluid])].filter((rate) => rate <= max);
}

/** How much motion, in four words. The first three are the presets, the last one is the most that the model can do. */
export type MotionLevel = 'calm' | 'natural' | 'lively' | 'most';

export const MOTION_LEVELS: readonly MotionLevel[] = ['calm', 'natural', 'lively', 'most'];

const LEVEL_PRESETS: Readonly<Record<MotionLevel, Preset>> = {
  calm: Preset.CALM,
  natural: Preset.NATURAL,
  lively: Preset.LIVELY,
  most: Preset.LIVELY,
};

/** The word for the chosen amount of motion; undefined if the amount was set as a number that no word stands for. */
export function motionLevel(choices: Choices, model: Model, limits: Limits): MotionLevel | undefined {
  const { motionBucketId } = resolveNumbers(choices, model);
  if (choices.preset === Preset.LIVELY && motionBucketId === rangeOf('motionBucketId', limits).max) return 'most';
  if (choices.overrides.motionBucketId !== undefined) return undefined;
  return MOTION_LEVELS.find((level) => LEVEL_PRESETS[level] === choices.preset);
}

/** Changes the amount of motion by its word. */
export function withMotionLevel(choices: Choices, level: MotionLevel, model: Model, limits: Limits): Choices {
  const next = withPreset(withoutOverride(choices, 'motionBucketId'), LEVEL_PRESETS[level], model);
  if (level !== 'most') return next;
  return withNumber(next, 'motionBucketId', rangeOf('motionBucketId', limits).max, model);
}

function withoutOverride(choices: Choices, name: NumericSetting): Choices {
  const overrides = Object.fromEntries(Object.entries(choices.overrides).filter(([other]) => other !== name));
  return { ...choices, overrides };
}

/** All numeric settings that the video would be made with. */
export function resolveNumbers(choices: Choices, model: Model): NumericSettings {
  const { overrides } = choices;
  const presets = presetNumbers(model, choices);
  const chosen = { ...presets, ...overrides };
  // As in the gateway, the frame rate follows from the conditioning frame rate.
  const frameRate = overrides.frameRate ?? defaultFrameRate(chosen.conditioningFps);
  return {
    ...chosen,
    frameRate: Math.max(frameRate, chosen.conditioningFps),
    // As in the gateway: the model makes at least one frame a second.
    frameInterval: Math.min(chosen.frameInterval, chosen.conditioningFps),
    // As in the gateway: the guidance falls only if both ends were chosen.
    minGuidance: overrides.minGuidance ?? Math.min(presets.minGuidance, chosen.maxGuidance),
    maxGuidance: overrides.maxGuidance ?? Math.max(presets.maxGuidance, chosen.minGuidance),
  };
}

type Sets = Pick<Choices, 'preset' | 'quality'>;

/** The numeric settings without overrides: those of the preset, and of the quality above them. */
function presetNumbers(model: Model, { preset, quality }: Sets): NumericSettings {
  const { defaults } = model;
  const changes = model.qualities.find((other) => other.quality === quality)?.settings;
  const settings = model.presets.find((other) => other.preset === preset)?.settings ?? defaults;
  const entries = NUMERIC_SETTINGS.map(
    (name) => [name, changes?.[name] ?? settings?.[name] ?? defaults?.[name]] as const,
  );
  const missing = entries.find(([, value]) => value === undefined);
  if (missing) throw new RangeError(`the gateway reported no default for ${missing[0]}`);
  return Object.fromEntries(entries) as NumericSettings;
}

/**
 * Changes the preset. Overrides of settings that the presets differ in are dropped; overrides of settings that all presets
 * agree on (the number of frames, for example) are kept.
 */
export function withPreset(choices: Choices, preset: Preset, model: Model): Choices {
  const all = model.presets.map((other) => presetNumbers(model, { preset: other.preset, quality: choices.quality }));
  const common = NUMERIC_SETTINGS.filter((name) => all.every((numbers) => numbers[name] === all[0]?.[name]));
  const overrides = Object.fromEntries(
    Object.entries(choices.overrides).filter(([name]) => common.some((other) => other === name)),
  );
  return { ...choices, preset, overrides };
}

/** The qualities that a model has; only the best one if it has no faster way. */
export const qualitiesOf = ({ qualities }: Model): readonly Quality[] => qualities.map(({ quality }) => quality);

/** The samplers to choose from, with the default first; none if the quality has one of its own. */
export function samplersOf({ qualities, samplers }: Model, quality: Quality): readonly Sampler[] {
  const own = qualities.find((other) => other.quality === quality)?.settings?.sampler ?? Sampler.UNSPECIFIED;
  return own === Sampler.UNSPECIFIED ? samplers : [];
}

/** The sampler if it can be chosen and is not the default, or else `UNSPECIFIED`. */
const otherSampler = (sampler: unknown, model: Model, quality: Quality): Sampler =>
  samplersOf(model, quality)
    .slice(1)
    .find((other) => other === sampler) ?? Sampler.UNSPECIFIED;

/** Changes the sampler. */
export const withSampler = (choices: Choices, sampler: Sampler, model: Model): Choices => ({
  ...choices,
  sampler: otherSampler(sampler, model, choices.quality),
});

/** Changes the quality. Overrides of settings that qualities change are dropped. */
export function withQuality(choices: Choices, quality: Quality, model: Model): Choices {
  const changed = NUMERIC_SETTINGS.filter((name) =>
    model.qualities.some(({ settings }) => settings?.[name] !== undefined),
  );
  const overrides = Object.fromEntries(
    Object.entries(choices.overrides).filter(([name]) => !changed.some((other) => other === name)),
  );
  return withSampler({ ...choices, quality, overrides }, choices.sampler, model);
}

/** Changes a numeric setting. */
export function withNumber(choices: Choices, name: NumericSetting, value: number, model: Model): Choices {
  const overrides: Partial<Record<NumericSetting, number>> = { ...choices.overrides, [name]: value };
  return { ...choices, overrides: withoutDefaults(overrides, choices, model) };
}

/** The overrides that differ from the preset. */
function withoutDefaults(overrides: Partial<NumericSettings>, sets: Sets, model: Model): Partial<NumericSettings> {
  const defaults = presetNumbers(model, sets);
  const conditioningFps = overrides.conditioningFps ?? defaults.conditioningFps;
  // An end of the guidance that was not chosen follows the other one, so two that were chosen belong together.
  const guidance = ['minGuidance', 'maxGuidance'] as const;
  const keepsGuidance =
    guidance.every((name) => overrides[name] !== undefined) &&
    guidance.some((name) => overrides[name] !== defaults[name]);
  const changed = Object.entries(overrides).filter(([name, value]) =>
    name === 'frameRate'
      ? value >= conditioningFps && value !== defaultFrameRate(conditioningFps)
      : value !== defaults[name as NumericSetting] || (keepsGuidance && guidance.some((other) => other === name)),
  );
  return Object.fromEntries(changed);
}

/** The video's duration in seconds. Interpolated frames do not make it longer. */
export function durationSeconds({
  frames,
  conditioningFps,
}: Pick<NumericSettings, 'frames' | 'conditioningFps'>): number {
  return frames / conditioningFps;
}

/** Whether everything under “More” has its default. The amount of motion is chosen outside of it. */
export function hasOnlyBasics({ resolution, quality, sampler, overrides, extras, seed }: Choices): boolean {
  const isDefault =
    resolution === DEFAULT_CHOICES.resolution &&
    quality === DEFAULT_CHOICES.quality &&
    sampler === DEFAULT_CHOICES.sampler &&
    seed === undefined;
  return isDefault && Object.keys(overrides).every((name) => name === 'motionBucketId') && extras.length === 0;
}

/** The settings of a request; the gateway fills in what was not chosen. */
export function toSettings(choices: Choices, crop: Crop, model: Model) {
  const numbers = resolveNumbers(choices, model);
  const overrides = Object.fromEntries(
    Object.keys(choices.overrides).map((name) => [name, numbers[name as NumericSetting]]),
  );
  const { preset, resolution, quality, extras, seed } = choices;
  const camera = supportedMove(choices.camera, model);
  const sampler = otherSampler(choices.sampler, model, quality);
  const aspect = aspectOf(choices.shape);
  return {
    model: model.name,
    preset,
    outputs: [...extras],
    ...(overrides as Partial<NumericSettings>),
    ...(resolution === DEFAULT_CHOICES.resolution ? {} : { resolution }),
    ...(quality === DEFAULT_CHOICES.quality || !qualitiesOf(model).includes(quality) ? {} : { quality }),
    ...(camera === CameraMove.UNSPECIFIED ? {} : { camera }),
    ...(sampler === Sampler.UNSPECIFIED ? {} : { sampler }),
    ...(seed === undefined ? {} : { seed }),
    ...(aspect ? { shape: { case: 'aspectRatio', value: aspect } as const } : {}),
    ...(isDefaultCrop(crop) ? {} : { crop: { x: crop.x, y: crop.y, zoom: crop.zoom } }),
  };
}

/**
 * The choices that lead to an existing video's settings, without its seed.
 *
 * @param photo size of the photo that the new video will be made from
 */
export function fromSettings(settings: VideoSettings, photo: Size, model: Model): Choices {
  const preset = PRESETS.find((other) => other === settings.preset) ?? DEFAULT_CHOICES.preset;
  const given = NUMERIC_SETTINGS.flatMap((name) =>
    settings[name] === undefined ? [] : [[name, settings[name]] as const],
  );
  const quality = qualitiesOf(model).find((other) => other === settings.quality) ?? DEFAULT_CHOICES.quality;
  const overrides = withoutDefaults(Object.fromEntries(given), { preset, quality }, model);
  const extras = EXTRA_OUTPUTS.filter((kind) => settings.outputs.includes(kind));
  const shape = shapeForSize(settings.shape.value, photo, model);
  const camera = supportedMove(settings.camera, model);
  const sampler = otherSampler(settings.sampler, model, quality);
  const resolution = knownResolution(settings.resolution);
  return { preset, shape, resolution, quality, camera, sampler, overrides, extras, variants: DEFAULT_CHOICES.variants };
}

/** The camera move if the model supports it, or else `UNSPECIFIED`. */
function supportedMove(move: CameraMove, { cameraMoves }: Model): CameraMove {
  return cameraMoves.includes(move) ? move : CameraMove.UNSPECIFIED;
}

/** @param value a resolution; the default for values of a later version. */
const knownResolution = (value: unknown): KnownResolution =>
  RESOLUTIONS.find((known) => known === value) ?? DEFAULT_CHOICES.resolution;

/** The crop of an existing video. */
export function cropFromSettings({ crop }: VideoSettings): Crop {
  return { x: crop?.x ?? DEFAULT_CROP.x, y: crop?.y ?? DEFAULT_CROP.y, zoom: crop?.zoom ?? DEFAULT_CROP.zoom };
}

/** Serializes choices for the next visit, without the seed and the number of videos. */
export function serializeChoices(choices: Choices): string {
  const { preset, shape, resolution, quality, camera, sampler, overrides, extras } = choices;
  // Named `own`, so that choices that were stored by earlier versions stay readable.
  const move = cameraMoveName(camera);
  return JSON.stringify({ preset, shape, resolution, quality, camera: move, sampler, own: overrides, extras });
}

/** Reads serialized choices, limited to what the system supports now; the defaults for anything missing or invalid. */
export function parseChoices(text: string | null, { limits, models: [model] }: Capabilities): Choices {
  const stored = parseObject(text);
  const overrides: Partial<Record<NumericSetting, number>> = {};
  for (const name of NUMERIC_SETTINGS) {
    const value = stored.own?.[name];
    if (typeof value !== 'number' || !Number.isFinite(value) || !limits || !model) continue;
    const steps = stepsRange(model, limits);
    // The choice was made for another model.
    if (!steps && STEP_SETTINGS.some((other) => other === name)) continue;
    const { min, max } = (name === 'steps' ? steps : undefined) ?? rangeOf(name, limits);
    overrides[name] = Math.min(Math.max(value, min), max);
  }
  const camera = model?.cameraMoves.find((move) => cameraMoveName(move) === stored.camera);
  const quality =
    model?.qualities.find((other) => other.quality === stored.quality)?.quality ?? DEFAULT_CHOICES.quality;
  return {
    preset: PRESETS.find((preset) => preset === stored.preset) ?? DEFAULT_CHOICES.preset,
    shape: typeof stored.shape === 'string' && aspectOf(stored.shape) ? (stored.shape as Shape) : DEFAULT_CHOICES.shape,
    resolution: knownResolution(stored.resolution),
    quality,
    camera: camera ?? DEFAULT_CHOICES.camera,
    sampler: model ? otherSampler(stored.sampler, model, quality) : DEFAULT_CHOICES.sampler,
    overrides,
    extras: EXTRA_OUTPUTS.filter((kind) => Array.isArray(stored.extras) && stored.extras.includes(kind)),
    variants: DEFAULT_CHOICES.variants,
  };
}

interface StoredChoices {
  readonly preset?: unknown;
  readonly shape?: unknown;
  readonly resolution?: unknown;
  readonly quality?: unknown;
  readonly camera?: unknown;
  readonly sampler?: unknown;
  readonly own?: Readonly<Record<string, unknown>>;
  readonly extras?: unknown;
}

function parseObject(text: string | null): StoredChoices {
  try {
    const value: unknown = JSON.parse(text ?? '{}');
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}
