import { createPlan } from '@cinematica/pipeline/plan';
import type { ModelRef, Plan } from '@cinematica/pipeline';
import { refuseFields } from '@cinematica/protocol';
import { ErrorReason, MediaKind, Preset } from '@cinematica/protocol/v1';
import type { VideoSettings } from '@cinematica/protocol/v1';
import { chooseSize, SettingsError, SizeError } from '@cinematica/svd';
import type { ModelCard, Preset as PresetName, Size } from '@cinematica/svd';

/** A model that videos are made with. */
export interface LoadedModel {
  readonly card: ModelCard;
  /** Of its files, all digits in hex. */
  readonly digest: string;
  /** As plans and subjects name it. */
  readonly ref: ModelRef;
  /** Pixels a side of what a latent stands for. */
  readonly latentPixels: number;
}

export const PRESET_NAMES: Readonly<Record<number, PresetName>> = {
  [Preset.CALM]: 'calm',
  [Preset.NATURAL]: 'natural',
  [Preset.LIVELY]: 'lively',
};

/** The muxer's names of what is made besides the mp4 and the poster. */
const OUTPUT_NAMES: Readonly<Record<number, string>> = {
  [MediaKind.LOOP]: 'loop',
  [MediaKind.WEBP]: 'webp',
  [MediaKind.WEBM]: 'webm',
};

/** A model's card with a preset in place of its defaults. */
export function cardOf(card: ModelCard, preset: PresetName | undefined): ModelCard {
  return preset ? { ...card, defaults: { ...card.defaults, ...card.presets[preset] } } : card;
}

/**
 * Fills a video's settings in: what is left out is the preset's, then the model's.
 *
 * @param settings that have been held to the API's rules.
 * @param photo its size, which the video's shape follows where nothing else is asked for.
 * @param seed drawn for this video, should none be asked for.
 * @throws RpcError INVALID_ARGUMENT naming what this model can't do
 */
export function resolvePlan(model: LoadedModel, settings: VideoSettings | undefined, photo: Size, seed: number): Plan {
  if (settings && settings.model !== '' && settings.model !== model.card.name) {
    const description = `no model of this name is loaded; there is ${model.card.name}`;
    throw refuseFields([{ field: 'settings.model', description }], ErrorReason.MODEL_UNKNOWN);
  }
  const preset = PRESET_NAMES[settings?.preset ?? Preset.UNSPECIFIED];
  const card = cardOf(model.card, preset);
  const fps = settings?.conditioningFps ?? card.defaults.fps;
  if (settings?.frameRate !== undefined && settings.frameRate < fps) {
    throw unsupported('settings.frame_rate', `must be at least conditioning_fps, which is ${fps}`);
  }
  const { x = 0.5, y = 0.5, zoom = 1 } = settings?.crop ?? {};
  try {
    return createPlan(card, model.ref.digest, {
      ...chooseSize(shapeOf(settings), photo, card),
      seed: settings?.seed ?? seed,
      ...given({
        frames: settings?.frames,
        fps: settings?.conditioningFps,
        outputFps: settings?.frameRate,
        motion: settings?.motionBucketId,
        noiseAug: settings?.noiseAugStrength,
        steps: settings?.steps,
        minGuidance: settings?.minGuidance,
        maxGuidance: settings?.maxGuidance,
      }),
      focus: { x, y, zoom },
      outputs: ['mp4', ...(settings?.outputs ?? []).flatMap((kind) => OUTPUT_NAMES[kind] ?? [])],
      preset,
    });
  } catch (error) {
    if (error instanceof SizeError) throw unsupported('settings.size', error.message);
    if (error instanceof SettingsError) throw unsupported(fieldOf(error.message), error.message);
    throw error;
  }
}

/** The fields that are there. */
function given<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as ReturnType<
    typeof given<T>
  >;
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

/** The API's name of the setting that a message of the model begins with. */
function fieldOf(message: string): string {
  const fields: Readonly<Record<string, string>> = {
    width: 'size.width',
    height: 'size.height',
    fps: 'conditioning_fps',
    motion: 'motion_bucket_id',
    noiseAug: 'noise_aug_strength',
    minGuidance: 'min_guidance',
    maxGuidance: 'max_guidance',
  };
  const [name = ''] = message.split(' ', 1);
  return `settings.${fields[name] ?? name}`;
}

const unsupported = (field: string, description: string) =>
  refuseFields([{ field, description }], ErrorReason.SETTING_UNSUPPORTED);
