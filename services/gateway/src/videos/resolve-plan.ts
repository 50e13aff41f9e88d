import { createPlan } from '@cinematica/pipeline/plan';
import type { ModelRef, Plan } from '@cinematica/pipeline';
import { refuseFields } from '@cinematica/protocol';
import { ErrorReason, MediaKind, Preset } from '@cinematica/protocol/v1';
import type { VideoSettings } from '@cinematica/protocol/v1';
import { pickSettings, SETTING_NAMES, SETTINGS } from '@cinematica/settings';
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
  const fps = settings?.conditioningFps ?? card.defaults.conditioningFps;
  if (settings?.frameRate !== undefined && settings.frameRate < fps) {
    throw unsupported('settings.frame_rate', `must be at least conditioning_fps, which is ${fps}`);
  }
  const { x = 0.5, y = 0.5, zoom = 1 } = settings?.crop ?? {};
  try {
    return createPlan(card, model.ref.digest, {
      ...(settings && pickSettings(settings)),
      ...chooseSize(shapeOf(settings), photo, card),
      seed: settings?.seed ?? seed,
      focus: { x, y, zoom },
      outputs: ['mp4', ...(settings?.outputs ?? []).flatMap((kind) => OUTPUT_NAMES[kind] ?? [])],
      preset,
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

/** The API's name of the setting that can't be. */
function fieldOf({ field }: SettingsError): string {
  if (field === 'width' || field === 'height') return `settings.size.${field}`;
  const setting = SETTING_NAMES.find((name) => name === field);
  return setting ? `settings.${SETTINGS[setting].field}` : 'settings';
}

const unsupported = (field: string, description: string) =>
  refuseFields([{ field, description }], ErrorReason.SETTING_UNSUPPORTED);
