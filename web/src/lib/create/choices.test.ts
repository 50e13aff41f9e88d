import { create } from '@bufbuild/protobuf';
import { CapabilitiesSchema, MediaKind, Preset, VideoSettingsSchema } from '@cinematica/protocol/v1';
import { chooseSize } from '@cinematica/svd';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { choicesOf, FIRST_CHOICES, isPlain, NUMBERS, numbersOf, rangeOf } from './choices.ts';
import { restoreChoices, settingsOf, storeChoices, withNumber, withPreset } from './choices.ts';
import { WHOLE } from './crop.ts';
import { shapeLike, shapesFor, videoSize } from './shapes.ts';

const defaults = {
  frames: 50,
  conditioningFps: 7,
  frameRate: 7,
  motionBucketId: 127,
  noiseAugStrength: 0.02,
  steps: 25,
  minGuidance: 1,
  maxGuidance: 3,
};
const preset = (which: Preset, motionBucketId: number) => ({
  preset: which,
  settings: { ...defaults, preset: which, motionBucketId },
});
const capabilities = create(CapabilitiesSchema, {
  models: [
    {
      name: 'svd-xt',
      sizes: [
        { width: 1024, height: 576 },
        { width: 768, height: 512 },
      ],
      sizeMultiple: 64,
      defaults,
      presets: [preset(Preset.CALM, 60), preset(Preset.NATURAL, 127), preset(Preset.LIVELY, 200)],
    },
  ],
  limits: {
    frames: { min: 1, max: 250 },
    conditioningFps: { min: 1, max: 60 },
    frameRate: { min: 1, max: 60 },
    motionBucketId: { min: 1, max: 255 },
    noiseAugStrength: { min: 0, max: 1 },
    steps: { min: 1, max: 100 },
    guidance: { min: 0, max: 30 },
  },
});
const model = capabilities.models[0]!;
const limits = capabilities.limits!;

describe('choices', () => {
  it('send nothing but the preset where nothing else was chosen', () => {
    expect(settingsOf(FIRST_CHOICES, WHOLE, model)).toEqual({ model: 'svd-xt', preset: Preset.NATURAL, outputs: [] });
    expect(isPlain(FIRST_CHOICES)).toBe(true);
  });

  it('come to the preset’s numbers, then to one’s own', () => {
    expect(numbersOf({ ...FIRST_CHOICES, preset: Preset.CALM }, model).motionBucketId).toBe(60);
    const own = withNumber(FIRST_CHOICES, 'motionBucketId', 99, model);
    expect(settingsOf(own, WHOLE, model)).toMatchObject({ motionBucketId: 99 });
    expect(withNumber(own, 'motionBucketId', 127, model).own).toEqual({});
  });

  it('give way to a preset in what it is about, and stay in the rest', () => {
    const long = withNumber(withNumber(FIRST_CHOICES, 'frames', 100, model), 'motionBucketId', 9, model);
    expect(withPreset(long, Preset.LIVELY, model).own).toEqual({ frames: 100 });
  });

  it('never ask for what the system would refuse, in whatever order they were made', () => {
    const change = fc.constantFrom(...NUMBERS).chain((name) => {
      const { min, max } = rangeOf(name, limits);
      return fc.tuple(fc.constant(name), fc.integer({ min: Math.ceil(min), max }));
    });
    fc.assert(
      fc.property(fc.array(change), (changes) => {
        const choices = changes.reduce((now, [name, value]) => withNumber(now, name, value, model), FIRST_CHOICES);
        const sent = { ...defaults, frameRate: undefined, ...settingsOf(choices, WHOLE, model) };
        const last = changes.at(-1);
        expect(sent.minGuidance).toBeLessThanOrEqual(sent.maxGuidance);
        expect(sent.frameRate ?? sent.conditioningFps).toBeGreaterThanOrEqual(sent.conditioningFps);
        if (last && last[0] !== 'frameRate') expect(numbersOf(choices, model)[last[0]]).toBe(last[1]);
      }),
    );
  });

  it('are kept for the next time without the seed, and made to fit what the system can do by then', () => {
    const choices = { ...withNumber(FIRST_CHOICES, 'frames', 100, model), seed: 7, extras: [MediaKind.LOOP] as const };
    expect(restoreChoices(storeChoices(choices), capabilities)).toEqual({ ...choices, seed: undefined });
    const wild = {
      preset: 9,
      shape: '1:99',
      own: { frames: 9999, steps: 'many', motionBucketId: null },
      extras: [3, 4],
    };
    expect(restoreChoices(JSON.stringify(wild), capabilities)).toEqual({
      ...FIRST_CHOICES,
      own: { frames: 250 },
      extras: [MediaKind.LOOP],
    });
    for (const text of [null, '', '{', '[]', '7', 'null']) {
      expect(restoreChoices(text, capabilities)).toEqual(FIRST_CHOICES);
    }
  });

  it('can be read from a video, and give its settings again', () => {
    const settings = create(VideoSettingsSchema, {
      ...{ ...defaults, motionBucketId: 60, steps: 9, preset: Preset.CALM, seed: 5, outputs: [MediaKind.WEBM] },
      shape: { case: 'size', value: { width: 576, height: 1024 } },
    });
    const photo = { width: 3000, height: 4000 };
    expect(choicesOf(settings, photo, model)).toEqual({
      preset: Preset.CALM,
      shape: '9:16',
      own: { steps: 9 },
      extras: [MediaKind.WEBM],
    });
    expect(choicesOf(settings, { width: 900, height: 1600 }, model).shape).toBe('auto');
  });
});

describe('shapes', () => {
  it('are those that people know and those that the model does, once each', () => {
    expect(shapesFor(model)).toEqual(['auto', '9:16', '2:3', '1:1', '3:2', '16:9']);
  });

  it('give the size that the system will choose', () => {
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
      const again = shapeLike(videoSize(shape, photo, model), photo, model);
      const [one, other] = [videoSize(shape, photo, model), videoSize(again, photo, model)];
      expect(other.width / other.height).toBeCloseTo(one.width / one.height, 1);
    }
  });
});
