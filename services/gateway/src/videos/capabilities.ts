import { create } from '@bufbuild/protobuf';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { durationFromMs } from '@bufbuild/protobuf/wkt';
import type { PipelineSettings } from '@cinematica/pipeline';
import { CapabilitiesSchema, Preset, VideoSettingsSchema } from '@cinematica/protocol/v1';
import type { Capabilities, VideoSettings } from '@cinematica/protocol/v1';
import type { ModelCard } from '@cinematica/svd';
import { PHOTO_LIMITS } from '../photo/photo-limits.ts';
import { cardOf, PRESET_NAMES } from './resolve-plan.ts';
import type { LoadedModel } from './resolve-plan.ts';
import { MAX_SHARE_MS } from './share.ts';

/** What the system can do, as `GetCapabilities` tells it. */
export function capabilitiesOf(
  model: LoadedModel,
  settings: PipelineSettings,
  version: string,
  executionProviders: string[],
): Capabilities {
  const { card, digest } = model;
  const { name, spdx = '', url = '', notice = '' } = card.licence;
  return create(CapabilitiesSchema, {
    version,
    models: [
      {
        ...{ name: card.name, title: card.title, digest, window: card.window, sizeMultiple: card.multiple },
        executionProviders,
        licence: { name, spdxId: spdx, url, notice },
        sizes: card.sizes.map(({ width, height }) => ({ width, height })),
        defaults: settingsOf(card, Preset.UNSPECIFIED),
        presets: [Preset.CALM, Preset.NATURAL, Preset.LIVELY].map((preset) => ({
          preset,
          settings: settingsOf(cardOf(card, PRESET_NAMES[preset]), preset),
        })),
      },
    ],
    limits: limitsOf(settings),
  });
}

/** What a video is made with where nothing is asked for; its shape follows the photo, its seed is drawn. */
function settingsOf({ name, defaults }: ModelCard, preset: Preset): VideoSettings {
  const { frames, fps, motion, noiseAug, steps, guidance } = defaults;
  return create(VideoSettingsSchema, {
    ...{ model: name, preset, frames, steps },
    conditioningFps: fps,
    frameRate: fps,
    motionBucketId: motion,
    noiseAugStrength: noiseAug,
    minGuidance: guidance.min,
    maxGuidance: guidance.max,
  });
}

/** The same numbers as in the API's rules. */
function limitsOf(settings: PipelineSettings): MessageInitShape<typeof CapabilitiesSchema>['limits'] & {} {
  return {
    maxImageBytes: BigInt(PHOTO_LIMITS.maxBytes),
    maxImagePixels: BigInt(PHOTO_LIMITS.maxPixels),
    imageTypes: ['image/jpeg', 'image/png', 'image/webp', 'image/avif'],
    frames: { min: 1, max: 250 },
    conditioningFps: { min: 1, max: 60 },
    frameRate: { min: 1, max: 60 },
    motionBucketId: { min: 1, max: 255 },
    noiseAugStrength: { min: 0, max: 1 },
    steps: { min: 1, max: 100 },
    guidance: { min: 0, max: 30 },
    maxUnfinishedVideos: settings.MAX_ACTIVE_PER_OWNER,
    maxShareTtl: durationFromMs(MAX_SHARE_MS),
    retention: durationFromMs(settings.KEEP_HOURS * 3_600_000),
    undeleteWindow: durationFromMs(settings.UNDO_MS),
  };
}
