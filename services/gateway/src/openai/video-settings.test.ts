import { Resolution, Quality, Sampler } from '@cinematica/protocol/v1';
import { PRESETS } from '@cinematica/svd';
import type { ModelCard } from '@cinematica/svd';
import { expect, test } from 'vitest';
import { settingsOf } from './video-settings.ts';
import type { VideoParams } from './schema/create-request.ts';

const card: ModelCard = {
  name: 'nano',
  title: 'Nano',
  licence: { name: 'Apache License 2.0' },
  sizes: [
    { width: 512, height: 288 },
    { width: 384, height: 384 },
  ],
  multiple: 32,
  window: 50,
  decodeChunk: 10,
  sampler: 'euler',
  defaults: {
    frames: 50,
    conditioningFps: 7,
    motionBucketId: 127,
    noiseAugStrength: 0.02,
    steps: 1,
    minGuidance: 1,
    maxGuidance: 3,
    guidanceSteps: 0,
    cacheInterval: 1,
    cacheBranch: 0,
    frameInterval: 1,
  },
  presets: Object.fromEntries(PRESETS.map((preset) => [preset, {}])) as ModelCard['presets'],
};

const aspect = (width: number, height: number) => ({ case: 'aspectRatio', value: { width, height } });

test.each<[VideoParams, object]>([
  [{ size: '1280x720' }, { shape: aspect(16, 9), resolution: Resolution.HD }],
  [{ size: '1024x1792' }, { shape: aspect(4, 7), resolution: Resolution.FULL_HD }],
  [{ size: '512x288' }, { shape: aspect(16, 9), resolution: Resolution.MODEL }],
  // The API takes aspect ratios up to 8:1.
  [{ size: '9000x10' }, { shape: aspect(8, 1), resolution: Resolution.MODEL }],
  [
    { width: 640, height: 640 },
    { shape: aspect(1, 1), resolution: Resolution.HD },
  ],
  [
    { size: '1280x720', resolution: '1080p' },
    { shape: aspect(16, 9), resolution: Resolution.FULL_HD },
  ],
  [{ aspect_ratio: '9:16' }, { shape: aspect(9, 16) }],
])('the size %j selects the nearest shape and resolution', (params, expected) => {
  expect(settingsOf(params, card)).toEqual(expected);
});

test.each<[VideoParams, object]>([
  // 29 frames are 28 steps of a seventh of a second.
  [{ seconds: 4 }, { frames: 29 }],
  [{ seconds: 3_600 }, { frames: 250 }],
  [{ seconds: 0.01 }, { frames: 1 }],
  [
    { seconds: 4, fps: 24 },
    { frames: 29, frameRate: 24 },
  ],
  // The file cannot have a lower frame rate than the model.
  [
    { seconds: 4, fps: 5 },
    { frames: 21, conditioningFps: 5, frameRate: 5 },
  ],
  [
    { num_frames: 25, fps: 10 },
    { frames: 25, conditioningFps: 10, frameRate: 10 },
  ],
  [
    { num_frames: 25, fps: 10, conditioning_fps: 5 },
    { frames: 25, conditioningFps: 5, frameRate: 10 },
  ],
  [
    { seconds: 2, conditioning_fps: 10 },
    { frames: 21, conditioningFps: 10 },
  ],
])('the timing %j selects frames and frame rates', (params, expected) => {
  expect(settingsOf(params, card)).toEqual(expected);
});

test('one guidance scale is that of the last frame, and the first one is not above it', () => {
  expect(settingsOf({ guidance_scale: 2 }, card)).toEqual({ minGuidance: 1, maxGuidance: 2 });
  expect(settingsOf({ guidance_scale: 0.5 }, card)).toEqual({ minGuidance: 0.5, maxGuidance: 0.5 });
});

test('settings of the source apply where the request has none', () => {
  const source = { frames: 9, conditioningFps: 5, frameRate: 30, steps: 3, shape: aspect(1, 1) };
  expect(settingsOf({}, card, source as never)).toEqual(source);
  expect(settingsOf({ seconds: 2, size: '512x288' }, card, source as never)).toMatchObject({
    frames: 11,
    conditioningFps: 5,
    frameRate: 30,
    shape: aspect(16, 9),
  });
  // The frame rate of the source's file belongs to its rate of the model.
  expect(settingsOf({ conditioning_fps: 40 }, card, source as never)).not.toHaveProperty('frameRate');
});

test('a quality is one of three words or of those of OpenAI; in a remix, it replaces the settings of the other quality', () => {
  const fast = { settings: { steps: 4, cacheInterval: 3 } };
  const withFast = { ...card, qualities: { fast } };
  expect(settingsOf({ quality: 'medium' }, withFast)).toEqual({ quality: Quality.FAST });
  expect(settingsOf({ quality: 'draft' }, withFast)).toEqual({ quality: Quality.DRAFT });
  const source = { quality: Quality.FAST, steps: 4, cacheInterval: 3, frames: 20 };
  expect(settingsOf({}, withFast, source)).toEqual(source);
  expect(settingsOf({ quality: 'best' }, withFast, source)).toEqual({ quality: Quality.BEST, frames: 20 });
});

test('a remix has the sampler of its source if the model has it: another model may have made the source', () => {
  const two = { ...card, samplers: ['ays'] as const };
  expect(settingsOf({}, two, { sampler: Sampler.AYS, frames: 20 })).toEqual({ sampler: Sampler.AYS, frames: 20 });
  expect(settingsOf({}, two, { sampler: Sampler.ANIMATELCM, frames: 20 })).toEqual({ frames: 20 });
  expect(settingsOf({ sampler: 'euler' }, two, { sampler: Sampler.AYS })).toEqual({ sampler: Sampler.EULER });
});
