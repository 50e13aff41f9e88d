import { create } from '@bufbuild/protobuf';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { durationFromMs } from '@bufbuild/protobuf/wkt';
import type { PipelineSettings, StageReports } from '@cinematica/pipeline';
import { CapabilitiesSchema, Preset, Quality, VideoSettingsSchema } from '@cinematica/protocol/v1';
import type { Capabilities, VideoSettings } from '@cinematica/protocol/v1';
import {
  CAMERA_MOVES,
  defaultFrameRate,
  limitOf,
  pickSettings,
  SETTING_NAMES,
  SETTINGS,
  WORD_SETTINGS,
} from '@cinematica/settings';
import { cameraMovesOf } from '@cinematica/svd';
import type { ModelCard } from '@cinematica/svd';
import { burstOf } from '../callers/rate-limit.ts';
import type { Config } from '../config.ts';
import { PHOTO_LIMITS } from '../photo/photo-limits.ts';
import { MAX_BATCH_BYTES, MAX_BATCH_SIZE, MAX_UPLOAD_BYTES } from '../rpc/limits.ts';
import { cardOf, PRESET_NAMES, QUALITY_NAMES, samplersOf } from './resolve-plan.ts';
import type { LoadedModel } from './resolve-plan.ts';
import { MAX_SHARE_MS } from './share.ts';

/** The settings that callers should know. */
export type LimitSettings = PipelineSettings & Pick<Config, 'CALLS_PER_SECOND' | 'MAX_WATCHES_PER_CALLER'>;

/** The answer of `GetCapabilities`. */
export function capabilitiesOf(
  model: LoadedModel,
  settings: LimitSettings,
  version: string,
  reports: Pick<StageReports, 'providers' | 'replacedOperators'>,
  pushPublicKey: Uint8Array,
): Capabilities {
  const { card, digest, ref } = model;
  const { name, spdx = '', url = '', notice = '' } = card.licence;
  return create(CapabilitiesSchema, {
    version,
    pushPublicKey,
    models: [
      {
        name: card.name,
        title: card.title,
        digest,
        window: card.window,
        sizeMultiple: card.multiple,
        executionProviders: reports.providers(ref),
        replacedOperators: reports.replacedOperators(ref),
        licence: { name, spdxId: spdx, url, notice },
        samplers: samplersOf(card).flatMap((kind) => WORD_SETTINGS.sampler.words.get(kind) ?? []),
        cameraMoves: cameraMovesOf(card).map((move) => CAMERA_MOVES[move]),
        sizes: card.sizes.map(({ width, height }) => ({ width, height })),
        qualities: [
          { quality: Quality.BEST, settings: {} },
          ...[Quality.FAST, Quality.DRAFT].flatMap((quality) => {
            const changes = card.qualities?.[QUALITY_NAMES[quality]!];
            if (!changes) return [];
            const sampler = changes.sampler && WORD_SETTINGS.sampler.words.get(changes.sampler);
            return [{ quality, settings: { ...pickSettings(changes.settings ?? {}), ...(sampler && { sampler }) } }];
          }),
        ],
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

/** The settings of a video when the request sets none, without the shape, which follows the photo, and the random seed. */
function settingsOf({ name, defaults }: ModelCard, preset: Preset): VideoSettings {
  return create(VideoSettingsSchema, {
    ...pickSettings(defaults),
    model: name,
    preset,
    frameRate: defaultFrameRate(defaults.conditioningFps),
    resolution: WORD_SETTINGS.resolution.default,
    quality: WORD_SETTINGS.quality.default,
  });
}

/** The range of each numeric setting but the seed, which may be any 32-bit number. */
function settingRanges(): Record<string, { min: number; max: number }> {
  const names = SETTING_NAMES.filter((name) => name !== 'seed');
  return Object.fromEntries(names.map((name) => [limitOf(name), { min: SETTINGS[name].min, max: SETTINGS[name].max }]));
}

function limitsOf(settings: LimitSettings): MessageInitShape<typeof CapabilitiesSchema>['limits'] & {} {
  return {
    ...settingRanges(),
    maxImageBytes: BigInt(PHOTO_LIMITS.maxBytes),
    maxImagePixels: BigInt(PHOTO_LIMITS.maxPixels),
    imageTypes: ['image/jpeg', 'image/png', 'image/webp', 'image/avif', 'image/heic', 'image/heif'],
    maxBatchSize: MAX_BATCH_SIZE,
    maxBatchBytes: BigInt(MAX_BATCH_BYTES),
    maxUnfinishedVideos: settings.MAX_ACTIVE_PER_OWNER,
    maxShareTtl: durationFromMs(MAX_SHARE_MS),
    retention: durationFromMs(settings.KEEP_HOURS * 3_600_000),
    undeleteWindow: durationFromMs(settings.UNDO_MS),
    callsPerSecond: settings.CALLS_PER_SECOND,
    callBurst: burstOf(settings.CALLS_PER_SECOND),
    maxVideosPerDay: settings.MAX_DAILY_PER_OWNER,
    maxWatches: settings.MAX_WATCHES_PER_CALLER,
    maxCreateRequestBytes: BigInt(MAX_UPLOAD_BYTES),
  };
}
