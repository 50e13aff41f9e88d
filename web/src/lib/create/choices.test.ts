import { create } from '@bufbuild/protobuf';
import {
  CameraMove,
  MediaKind,
  Preset,
  Quality,
  Resolution,
  Sampler,
  QualitySettingsSchema,
  VideoSettingsSchema,
} from '@cinematica/protocol/v1';
import { chooseSize } from '@cinematica/settings/choose-size';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CAPABILITIES, DEFAULTS } from '../../../test/fake-gateway.ts';
import {
  DEFAULT_CHOICES,
  fromSettings,
  hasOnlyBasics,
  MOTION_LEVELS,
  motionLevel,
  NUMERIC_SETTINGS,
  parseChoices,
  rangeOf,
  resolveNumbers,
  serializeChoices,
  smoothRates,
  STEP_SETTINGS,
  stepsRange,
  toSettings,
  variantCounts,
  withMotionLevel,
  withNumber,
  withPreset,
  withQuality,
  withSampler,
} from './choices.ts';
import { DEFAULT_CROP } from './crop.ts';
import { shapeForSize, shapesFor, videoSize } from './shapes.ts';

const model = CAPABILITIES.models[0]!;
const limits = CAPABILITIES.limits!;

describe('choices', () => {
  it('send only the preset when nothing else is chosen', () => {
    expect(toSettings(DEFAULT_CHOICES, DEFAULT_CROP, model)).toEqual({
      model: 'svd-xt',
      preset: Preset.NATURAL,
      outputs: [],
    });
    expect(hasOnlyBasics(DEFAULT_CHOICES)).toBe(true);
  });

  it('resolve to the preset’s numbers and the overrides', () => {
    expect(resolveNumbers({ ...DEFAULT_CHOICES, preset: Preset.CALM }, model).motionBucketId).toBe(60);
    const changed = withNumber(DEFAULT_CHOICES, 'motionBucketId', 99, model);
    expect(toSettings(changed, DEFAULT_CROP, model)).toMatchObject({ motionBucketId: 99 });
    expect(withNumber(changed, 'motionBucketId', 127, model).overrides).toEqual({});
  });

  it('send a quality, whose numbers are shown; it drops overrides of what qualities change', () => {
    const own = withNumber(withNumber(DEFAULT_CHOICES, 'cacheInterval', 5, model), 'frames', 100, model);
    const fast = withQuality(own, Quality.FAST, model);
    expect(fast.overrides).toEqual({ frames: 100 });
    expect(resolveNumbers(fast, model)).toMatchObject({ cacheInterval: 3, guidanceSteps: 10 });
    expect(toSettings(fast, DEFAULT_CROP, model)).toMatchObject({ quality: Quality.FAST, frames: 100 });
    expect(hasOnlyBasics(withQuality(DEFAULT_CHOICES, Quality.FAST, model))).toBe(false);
    expect(toSettings(withNumber(fast, 'cacheInterval', 2, model), DEFAULT_CROP, model)).toMatchObject({
      cacheInterval: 2,
    });
  });

  it('send a sampler other than the model’s own, but not with a quality that has its own', () => {
    const draft = create(QualitySettingsSchema, { quality: Quality.DRAFT, settings: { sampler: Sampler.ANIMATELCM } });
    const qualities = [...model.qualities, draft];
    const two = { ...model, qualities, samplers: [Sampler.EULER, Sampler.AYS] };
    const ays = withSampler(DEFAULT_CHOICES, Sampler.AYS, two);
    expect(toSettings(ays, DEFAULT_CROP, two)).toMatchObject({ sampler: Sampler.AYS });
    expect(hasOnlyBasics(ays)).toBe(false);
    expect(parseChoices(serializeChoices(ays), { ...CAPABILITIES, models: [two] })).toEqual(ays);
    const settings = create(VideoSettingsSchema, { ...DEFAULTS, sampler: Sampler.AYS });
    expect(fromSettings(settings, { width: 1024, height: 576 }, two).sampler).toBe(Sampler.AYS);
    // The model’s own, another model, and another quality.
    expect(withSampler(ays, Sampler.EULER, two)).toEqual(DEFAULT_CHOICES);
    expect(toSettings(ays, DEFAULT_CROP, model)).not.toHaveProperty('sampler');
    expect(parseChoices(serializeChoices(ays), CAPABILITIES).sampler).toBe(Sampler.UNSPECIFIED);
    expect(withQuality(ays, Quality.FAST, two).sampler).toBe(Sampler.AYS);
    expect(withQuality(ays, Quality.DRAFT, two).sampler).toBe(Sampler.UNSPECIFIED);
  });

  it('drop only overrides of what the presets differ in when the preset changes', () => {
    const long = withNumber(withNumber(DEFAULT_CHOICES, 'frames', 100, model), 'motionBucketId', 9, model);
    expect(withPreset(long, Preset.LIVELY, model).overrides).toEqual({ frames: 100 });
  });

  it('never produce settings that the gateway refuses, whatever the order of changes', () => {
    const change = fc.constantFrom(...NUMERIC_SETTINGS).chain((name) => {
      const { min, max } = rangeOf(name, limits);
      return fc.tuple(fc.constant(name), fc.integer({ min: Math.ceil(min), max }));
    });
    fc.assert(
      fc.property(fc.array(change), (changes) => {
        let choices = DEFAULT_CHOICES;
        for (const [name, wanted] of changes) {
          // The form offers what fits the other settings.
          const { min, max } = rangeOf(name, limits, resolveNumbers(choices, model));
          const value = Math.min(Math.max(wanted, min), max);
          choices = withNumber(choices, name, value, model);
          expect(resolveNumbers(choices, model)[name]).toBe(value);
        }
        const sent = { ...DEFAULTS, frameRate: undefined, ...toSettings(choices, DEFAULT_CROP, model) };
        expect(sent.frameRate ?? sent.conditioningFps).toBeGreaterThanOrEqual(sent.conditioningFps);
        expect(sent.frameInterval).toBeLessThanOrEqual(sent.conditioningFps);
      }),
    );
  });

  it('send a resolution that is not the default, and a frame rate that does not follow from the model’s', () => {
    const smooth = withNumber({ ...DEFAULT_CHOICES, resolution: Resolution.FULL_HD }, 'frameRate', 14, model);
    expect(toSettings(smooth, DEFAULT_CROP, model)).toMatchObject({ resolution: Resolution.FULL_HD, frameRate: 14 });
    expect(hasOnlyBasics({ ...DEFAULT_CHOICES, resolution: Resolution.MODEL })).toBe(false);
    // 28 is the default at 7 frames per second, and 24 at 8.
    expect(withNumber(smooth, 'frameRate', 28, model).overrides).toEqual({});
    expect(resolveNumbers(withNumber(DEFAULT_CHOICES, 'conditioningFps', 8, model), model).frameRate).toBe(24);
  });

  it('are stored without the seed, and clamped to the current limits when they are read', () => {
    const choices = {
      ...withNumber(DEFAULT_CHOICES, 'frames', 100, model),
      resolution: Resolution.FULL_HD,
      seed: 7,
      extras: [MediaKind.LOOP] as const,
    };
    expect(parseChoices(serializeChoices(choices), CAPABILITIES)).toEqual({ ...choices, seed: undefined });
    const invalid = {
      preset: 9,
      shape: '1:99',
      own: { frames: 9999, steps: 'many', motionBucketId: null },
      extras: [3, 4],
    };
    expect(parseChoices(JSON.stringify(invalid), CAPABILITIES)).toEqual({
      ...DEFAULT_CHOICES,
      overrides: { frames: 250 },
      extras: [MediaKind.LOOP],
    });
    for (const text of [null, '', '{', '[]', '7', 'null']) {
      expect(parseChoices(text, CAPABILITIES)).toEqual(DEFAULT_CHOICES);
    }
  });

  it('keep a camera move only for a model that supports it', () => {
    const choices = { ...DEFAULT_CHOICES, camera: CameraMove.PAN_LEFT };
    const settings = create(VideoSettingsSchema, { ...DEFAULTS, camera: CameraMove.PAN_LEFT });
    const photo = { width: 1024, height: 576 };
    const withMoves = { ...model, cameraMoves: [CameraMove.STILL, CameraMove.PAN_LEFT] };
    expect(toSettings(choices, DEFAULT_CROP, withMoves)).toMatchObject({ camera: CameraMove.PAN_LEFT });
    expect(toSettings(choices, DEFAULT_CROP, model)).not.toHaveProperty('camera');
    expect(fromSettings(settings, photo, withMoves).camera).toBe(CameraMove.PAN_LEFT);
    expect(fromSettings(settings, photo, model).camera).toBe(CameraMove.UNSPECIFIED);
    const stored = serializeChoices(choices);
    expect(parseChoices(stored, { ...CAPABILITIES, models: [withMoves] }).camera).toBe(CameraMove.PAN_LEFT);
    expect(parseChoices(stored, CAPABILITIES).camera).toBe(CameraMove.UNSPECIFIED);
  });

  it('can be derived from an existing video’s settings', () => {
    const settings = create(VideoSettingsSchema, {
      ...DEFAULTS,
      motionBucketId: 60,
      steps: 9,
      preset: Preset.CALM,
      seed: 5,
      outputs: [MediaKind.WEBM],
      shape: { case: 'size', value: { width: 576, height: 1024 } },
    });
    const photo = { width: 3000, height: 4000 };
    expect(fromSettings(settings, photo, model)).toEqual({
      preset: Preset.CALM,
      shape: '9:16',
      resolution: Resolution.HD,
      quality: Quality.BEST,
      camera: CameraMove.UNSPECIFIED,
      overrides: { steps: 9 },
      extras: [MediaKind.WEBM],
      sampler: Sampler.UNSPECIFIED,
      variants: 1,
    });
    expect(fromSettings(settings, { width: 900, height: 1600 }, model).shape).toBe('auto');
  });
});

describe('the amount of motion in words', () => {
  it('is one of four, and each word can be chosen after any other', () => {
    for (const before of MOTION_LEVELS) {
      for (const level of MOTION_LEVELS) {
        const choices = withMotionLevel(withMotionLevel(DEFAULT_CHOICES, before, model, limits), level, model, limits);
        expect(motionLevel(choices, model, limits)).toBe(level);
      }
    }
    const most = withMotionLevel(DEFAULT_CHOICES, 'most', model, limits);
    expect(resolveNumbers(most, model).motionBucketId).toBe(255);
    expect(hasOnlyBasics(most)).toBe(true);
  });

  it('has no word for a number that was chosen freely', () => {
    expect(motionLevel(withNumber(DEFAULT_CHOICES, 'motionBucketId', 99, model), model, limits)).toBeUndefined();
  });
});

describe('the limits of the model at hand', () => {
  it('offer no steps for a model of one step, and at most ten times the model’s own number', () => {
    const withSteps = (steps: number) => ({ ...model, defaults: { ...model.defaults!, steps } });
    expect(stepsRange(withSteps(1), limits)).toBeUndefined();
    expect(stepsRange(withSteps(4), limits)?.max).toBe(40);
    expect(stepsRange(model, limits)?.max).toBe(100);
    // Numbers that were chosen for another model are dropped: the form would not show them.
    const own = Object.fromEntries(STEP_SETTINGS.map((name) => [name, 2]));
    const stored = JSON.stringify({ own });
    expect(Object.keys(parseChoices(stored, CAPABILITIES).overrides)).not.toEqual([]);
    expect(parseChoices(stored, { ...CAPABILITIES, models: [withSteps(1)] }).overrides).toEqual({});
  });

  it('offer the model’s own frame rate, the default and twice the default', () => {
    expect(smoothRates({ conditioningFps: 7 }, limits)).toEqual([7, 28, 56]);
    expect(smoothRates({ conditioningFps: 30 }, limits)).toEqual([30, 60]);
  });

  it('offer as many versions at once as the caller may have unfinished videos', () => {
    expect(variantCounts({ maxUnfinishedVideos: 6 })).toEqual([1, 2, 4]);
    expect(variantCounts({ maxUnfinishedVideos: 3 })).toEqual([1, 2]);
    expect(variantCounts({ maxUnfinishedVideos: 1 })).toEqual([1]);
  });
});

describe('shapes', () => {
  it('are the common ones and the model’s own, without duplicates', () => {
    expect(shapesFor(model)).toEqual(['auto', '9:16', '2:3', '3:4', '4:5', '1:1', '5:4', '4:3', '3:2', '16:9']);
  });

  it('lead to the size that the gateway chooses', () => {
    const photo = { width: 3024, height: 4032 };
    const rules = {
      sizes: [
        { width: 1024, height: 576 },
        { width: 768, height: 512 },
      ] as const,
      multiple: 64,
    };
    for (const shape of shapesFor(model)) {
      expect(videoSize(shape, photo, model)).toMatchObject(
        chooseSize(shape, photo, { ...rules, sizes: [...rules.sizes] }),
      );
      const again = shapeForSize(videoSize(shape, photo, model), photo, model);
      const [one, other] = [videoSize(shape, photo, model), videoSize(again, photo, model)];
      expect(other.width / other.height).toBeCloseTo(one.width / one.height, 1);
    }
  });
});
