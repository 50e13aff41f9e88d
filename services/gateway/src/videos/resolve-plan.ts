import { createPlan } from '@cinematica/pipeline/plan';
import type { ModelRef, Plan } from '@cinematica/pipeline';
import { refuseFields } from '@cinematica/protocol';
import type { RpcError } from '@cinematica/protocol';
import { CameraMove, ErrorReason, Preset, Quality, Resolution, Sampler } from '@cinematica/protocol/v1';
import type { VideoSettings } from '@cinematica/protocol/v1';
import {
  cameraMoveName,
  extraOutputName,
  outputSize,
  pickSettings,
  SETTING_NAMES,
  SETTINGS,
  wordOf,
} from '@cinematica/settings';
import { chooseSize, SizeError } from '@cinematica/settings/choose-size';
import { FASTER_QUALITIES, SettingsError } from '@cinematica/svd';
import type { FasterQuality, ModelCard, Preset as PresetName, SamplerKind, Size, Work } from '@cinematica/svd';

/** The model that new videos are made with. */
export interface LoadedModel {
  readonly card: ModelCard;
  /** The SHA-256 of the model's files, 64 hexadecimal digits. */
  readonly digest: string;
  /** The name and short digest by which plans and NATS subjects refer to the model. */
  readonly ref: ModelRef;
  /** The width and height, in pixels, of the area that one latent encodes. */
  readonly latentPixels: number;
  /** How long the reference machine computes a segment of a plan; null for a plan of another model. */
  readonly workOf: (plan: Plan) => Work | null;
  /** Whether `workOf` answers at once. Otherwise it computes for up to a tenth of a second. */
  readonly knowsWork: (plan: Plan) => boolean;
  /** How far the last frame shows what lies outside of the photo, in parts of its side, as far as the model's card tells it. */
  readonly partOutside: (plan: Plan) => Promise<number>;
}

/** The names of the presets in model cards. */
export const PRESET_NAMES: Readonly<Record<number, PresetName>> = {
  [Preset.CALM]: 'calm',
  [Preset.NATURAL]: 'natural',
  [Preset.LIVELY]: 'lively',
};

/** The names of the faster qualities in model cards. */
export const QUALITY_NAMES: Readonly<Record<number, FasterQuality>> = {
  [Quality.FAST]: 'fast',
  [Quality.DRAFT]: 'draft',
};

/** A model card whose defaults are replaced by those of a preset and a quality; unchanged without both. */
export function cardOf(card: ModelCard, preset: PresetName | undefined, quality?: FasterQuality): ModelCard {
  const { sampler, settings } = (quality && card.qualities?.[quality]) ?? {};
  const defaults = { ...card.defaults, ...(preset && card.presets[preset]), ...pickSettings(settings ?? {}) };
  // The other samplers and the noise levels of the card are for its own sampler.
  return { ...card, defaults, ...(sampler && { sampler, samplers: undefined, sigmas: undefined }) };
}

/** The samplers that a request may choose with a model. The first one is the default. */
export const samplersOf = ({ sampler, samplers = [] }: ModelCard): readonly SamplerKind[] => [
  ...new Set([sampler, ...samplers]),
];

/** The sampler of a request. @throws RpcError INVALID_ARGUMENT when the model or the quality does not support it */
function samplerOf(card: ModelCard, sampler: Sampler, quality: FasterQuality | undefined): SamplerKind {
  const word = wordOf('sampler', sampler);
  const samplers = samplersOf(card);
  const chosen = word === 'auto' ? card.sampler : samplers.find((each) => each === word);
  if (chosen) return chosen;
  const where = quality === undefined ? card.name : `the quality ${quality} of ${card.name}`;
  throw unsupported('settings.sampler', `must be ${['auto', ...samplers].join(' or ')} with ${where}, not ${word}`);
}

/** The quality of a request. @throws RpcError INVALID_ARGUMENT when the model does not have it */
function qualityOf(card: ModelCard, quality: Quality): FasterQuality | undefined {
  const name = QUALITY_NAMES[quality];
  if (name === undefined || card.qualities?.[name]) return name;
  const words = ['best', ...FASTER_QUALITIES.filter((each) => card.qualities?.[each])];
  const lack = card.lacking?.[name];
  throw unsupported(
    'settings.quality',
    `must be ${words.join(' or ')} with ${card.name}, not ${name}${lack === undefined ? '' : `: ${lack}`}`,
  );
}

/** A request names a model that is not loaded. @param field the field with the name */
export const unknownModel = (field: string, { name }: ModelCard): RpcError =>
  refuseFields(
    [{ field, description: `no model of this name is loaded; there is ${name}` }],
    ErrorReason.MODEL_UNKNOWN,
  );

/**
 * Creates the plan of a video. A setting that the request leaves out comes from the preset, then from the model.
 * @param settings the settings of a validated request; undefined for defaults only.
 * @param photo the size of the photo in pixels. The video gets its shape when the request has none.
 * @param seed the seed when the request has none.
 * @throws RpcError INVALID_ARGUMENT that names the setting that the model does not support.
 */
export function resolvePlan(model: LoadedModel, settings: VideoSettings | undefined, photo: Size, seed: number): Plan {
  if (settings && settings.model !== '' && settings.model !== model.card.name) {
    throw unknownModel('settings.model', model.card);
  }
  const preset = PRESET_NAMES[settings?.preset ?? Preset.UNSPECIFIED];
  const quality = qualityOf(model.card, settings?.quality ?? Quality.UNSPECIFIED);
  const card = cardOf(model.card, preset, quality);
  const fps = settings?.conditioningFps ?? card.defaults.conditioningFps;
  if (settings?.frameRate !== undefined && settings.frameRate < fps) {
    throw unsupported('settings.frame_rate', `must be at least conditioning_fps, which is ${fps}`);
  }
  const { x = 0.5, y = 0.5, zoom = 1 } = settings?.crop ?? {};
  try {
    const size = chooseSize(shapeOf(settings), photo, card);
    const resolution = settings?.resolution ?? Resolution.UNSPECIFIED;
    return createPlan(card, model.ref.digest, {
      ...(settings && pickSettings(settings)),
      ...size,
      output: outputSize(size, photo, { resolution, zoom }),
      resolution: wordOf('resolution', resolution),
      sampler: samplerOf(card, settings?.sampler ?? Sampler.UNSPECIFIED, quality),
      seed: settings?.seed ?? seed,
      camera: cameraMoveName(settings?.camera ?? CameraMove.UNSPECIFIED),
      focus: { x, y, zoom },
      outputs: ['mp4', ...(settings?.outputs ?? []).flatMap((kind) => extraOutputName(kind) ?? [])],
      preset,
      quality,
      components: quality && card.qualities?.[quality]?.components?.length ? quality : undefined,
    });
  } catch (error) {
    if (error instanceof SizeError) throw unsupported('settings.size', error.message);
    if (error instanceof SettingsError) throw unsupported(fieldOf(error), error.requirement);
    throw error;
  }
}

function shapeOf(settings: VideoSettings | undefined): string {
  switch (settings?.shape.case) {
    case 'size':
      return `${settings.shape.value.width}x${settings.shape.value.height}`;
    case 'aspectRatio':
      return `${settings.shape.value.width}:${settings.shape.value.height}`;
    case undefined:
      return 'auto';
  }
}

/** The path of a rejected setting in the API. */
function fieldOf({ field }: SettingsError): string {
  if (field === 'width' || field === 'height') return `settings.size.${field}`;
  if (field === 'camera') return 'settings.camera';
  const setting = SETTING_NAMES.find((name) => name === field);
  return setting ? `settings.${SETTINGS[setting].field}` : 'settings';
}

const unsupported = (field: string, description: string) =>
  refuseFields([{ field, description }], ErrorReason.SETTING_UNSUPPORTED);
