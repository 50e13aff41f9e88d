import type { MessageInitShape } from '@bufbuild/protobuf';
import { Preset, Quality } from '@cinematica/protocol/v1';
import type { VideoSettings, VideoSettingsSchema } from '@cinematica/protocol/v1';
import { OUTPUT_FILES, parseSeed, pickSettings, SeedError, SETTINGS, WORD_SETTINGS } from '@cinematica/settings';
import type { WordSettingName } from '@cinematica/settings';
import type { ModelCard } from '@cinematica/svd';
import { cardOf, PRESET_NAMES, QUALITY_NAMES, samplersOf, unknownModel } from '../videos/resolve-plan.ts';
import { invalidField } from './api-error.ts';
import { defined, without } from './fields.ts';
import type { VideoParams } from './schema/create-request.ts';
import { nearestShape } from './nearest-shape.ts';

/** Settings as the API takes them. */
export type Settings = Exclude<MessageInitShape<typeof VideoSettingsSchema>, { readonly $typeName: string }>;

/** Clients send the name of their former model. It stands for the model of this server. */
const FORMER_MODELS = 'sora-';

const PRESETS = { calm: Preset.CALM, natural: Preset.NATURAL, lively: Preset.LIVELY } as const;
/** OpenAI's names of the qualities of pictures. */
const QUALITY_WORDS: Readonly<Record<string, string>> = { auto: 'best', high: 'best', medium: 'fast', low: 'draft' };
const RESOLUTION_NAMES: Readonly<Record<string, string>> = { '480p': 'model', '720p': 'hd', '1080p': 'full-hd' };

/**
 * Converts the fields of a request to settings. A size and a duration that the model cannot make become the nearest ones.
 * @param base settings of the video that the new one is made from; they apply where the request has none.
 * @throws ApiError, RpcError that names the field that is not supported.
 */
export function settingsOf(params: VideoParams, card: ModelCard, base: Settings = {}): Settings {
  checkModel(params.model, card);
  const preset = params.preset === undefined ? base.preset : PRESETS[params.preset];
  const quality = qualityOf(params);
  const name = QUALITY_NAMES[quality ?? base.quality ?? Quality.UNSPECIFIED];
  const chosen = cardOf(card, PRESET_NAMES[preset ?? Preset.UNSPECIFIED], name);
  const { defaults } = chosen;
  const kept = withoutUnknownSampler(quality === undefined ? base : withoutQuality(base, card), chosen);
  const { frameRate: ofSource, ...inherited } = kept;
  return {
    ...inherited,
    ...defined({
      preset,
      quality,
      steps: params.num_inference_steps,
      motionBucketId: params.motion_bucket_id,
      noiseAugStrength: params.noise_aug_strength,
      outputs: params.outputs?.map((name) => OUTPUT_FILES[name].kind),
      crop: params.crop,
      camera: valueOf('camera', params.camera),
      sampler: valueOf('sampler', params.sampler),
      seed: seedOf(params.seed),
    }),
    ...timingOf(params, base.conditioningFps ?? defaults.conditioningFps, ofSource),
    ...guidanceOf(params, base.minGuidance ?? defaults.minGuidance),
    ...shapeOf(params, card),
  };
}

/** The settings that a remix or an extension has in common with its source: all but the seed and the model. */
export const inheritedSettings = (settings: VideoSettings | undefined): Settings =>
  settings ? without(settings, '$typeName', '$unknown', 'seed', 'model') : {};

const qualityOf = ({ quality = '' }: VideoParams): Quality | undefined =>
  valueOf('quality', QUALITY_WORDS[quality] ?? quality);

/** The value of a setting in the API; undefined without a word. */
const valueOf = <Name extends WordSettingName>(name: Name, word = ''): VideoSettings[Name] | undefined =>
  WORD_SETTINGS[name].words.get(word);

/** The settings of a source without those that a quality changes, so that another quality can set them. */
function withoutQuality(base: Settings, { qualities = {} }: ModelCard): Settings {
  const changed = Object.values(qualities).flatMap((changes) => Object.keys(pickSettings(changes?.settings ?? {})));
  return without(base, 'sampler', ...(changed as (keyof Settings)[]));
}

/** The settings of a source without its sampler if the model does not have it: another model may have made the source. */
function withoutUnknownSampler(base: Settings, card: ModelCard): Settings {
  const isKnown = samplersOf(card).some((kind) => WORD_SETTINGS.sampler.words.get(kind) === base.sampler);
  return isKnown ? base : without(base, 'sampler');
}

function checkModel(name: string | undefined, card: ModelCard): void {
  if (name === undefined || name === '' || name === card.name || name.startsWith(FORMER_MODELS)) return;
  throw unknownModel('model', card);
}

/**
 * The frames, and the frame rates of the model and of the file.
 * - `num_frames` with `fps`: exactly these frames at this rate.
 * - `seconds`: as many frames as make this duration at the rate of the model.
 * @param ownRate the rate of the model when the request has none.
 * @param fileRate the frame rate of the source's file, which belongs to that rate; undefined for none.
 */
function timingOf(params: VideoParams, ownRate: number, fileRate: number | undefined): Settings {
  const { num_frames: frames, fps, conditioning_fps: given } = params;
  const seconds = oneOf(params, 'seconds', 'duration');
  const exact = frames !== undefined && fps !== undefined;
  // The file cannot have fewer frames than the model makes.
  const modelRate = given ?? (exact ? fps : Math.min(ownRate, fps ?? ownRate));
  const nearest = (duration: number) => {
    const { min, max } = SETTINGS.frames;
    return Math.min(max, Math.max(min, Math.round(duration * modelRate) + 1));
  };
  return defined({
    frames: frames ?? (seconds === undefined ? undefined : nearest(seconds)),
    conditioningFps: modelRate === ownRate && given === undefined ? undefined : modelRate,
    frameRate: fps ?? (modelRate === ownRate ? fileRate : undefined),
  });
}

/** One scale is that of the last frame. If it is below the model's first one, it applies to all frames. */
function guidanceOf(params: VideoParams, first: number): Settings {
  const last = oneOf(params, 'guidance_scale', 'max_guidance');
  const min = params.min_guidance ?? (last === undefined ? undefined : Math.min(first, last));
  return defined({ minGuidance: min, maxGuidance: last });
}

function shapeOf(params: VideoParams, card: ModelCard): Settings {
  const size = sizeOf(params);
  if (params.aspect_ratio !== undefined && size !== null) throw invalidField('aspect_ratio', 'is given beside a size.');
  const { words } = WORD_SETTINGS.resolution;
  const resolution =
    params.resolution === undefined ? undefined : words.get(RESOLUTION_NAMES[params.resolution] ?? params.resolution);
  if (size !== null) {
    const nearest = nearestShape(size, card);
    return {
      shape: { case: 'aspectRatio', value: nearest.aspectRatio },
      resolution: resolution ?? nearest.resolution,
    };
  }
  const [width, height] = (params.aspect_ratio ?? '').split(':').map(Number);
  if (width === undefined || height === undefined) return defined({ resolution });
  return { shape: { case: 'aspectRatio', value: { width, height } }, ...defined({ resolution }) };
}

/** The size that a request asks for, in pixels; null when it has none. */
export function sizeOf({
  size,
  width,
  height,
}: VideoParams): { readonly width: number; readonly height: number } | null {
  if ((width === undefined) !== (height === undefined)) {
    throw invalidField(width === undefined ? 'width' : 'height', 'is missing: send width and height, or size.');
  }
  if (width !== undefined && height !== undefined) {
    if (size !== undefined) throw invalidField('size', 'is given beside width and height.');
    return { width, height };
  }
  if (size === undefined) return null;
  const [across = 0, down = 0] = size.split('x').map(Number);
  return { width: across, height: down };
}

/** @returns undefined for a random seed. */
function seedOf(seed: VideoParams['seed']): number | undefined {
  if (seed === undefined) return undefined;
  try {
    return parseSeed(String(seed)) ?? undefined;
  } catch (error) {
    if (error instanceof SeedError) throw invalidField('seed', `${error.message}.`);
    throw error;
  }
}

/** The value of a field that has two names. @throws ApiError when both are given. */
export function oneOf<Name extends keyof VideoParams>(params: VideoParams, name: Name, other: Name): VideoParams[Name] {
  if (params[name] !== undefined && params[other] !== undefined) {
    throw invalidField(other, `is another name of ${name}: send one of them.`);
  }
  return params[name] ?? params[other];
}
