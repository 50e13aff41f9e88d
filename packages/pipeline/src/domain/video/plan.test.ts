import { CARD_DEFAULTS } from '@cinematica/settings';
import { PRESETS } from '@cinematica/svd';
import type { ModelCard } from '@cinematica/svd';
import { expect, test } from 'vitest';
import { fileShape, timelineOf } from './file-shape.ts';
import { createPlan, segmentSettings } from './plan.ts';

const card: ModelCard = {
  name: 'svd-xt',
  title: 'SVD-XT',
  licence: { name: 'its own' },
  sizes: [{ width: 1024, height: 576 }],
  multiple: 64,
  window: 25,
  decodeChunk: 9,
  sampler: 'euler',
  defaults: CARD_DEFAULTS,
  presets: Object.fromEntries(PRESETS.map((preset) => [preset, {}])) as ModelCard['presets'],
};
const size = { width: 1024, height: 576, seed: 7 };

test('plans 50 frames with a window of 25 as two segments of 26, one frame shared and one dropped', () => {
  const plan = createPlan(card, 'abc', size);
  expect(plan).toMatchObject({ frames: 50, segments: 2, segmentFrames: 26, surplus: 1, decodeChunks: [9, 9, 8] });
  expect(plan).toMatchObject({
    model: 'svd-xt',
    modelDigest: 'abc',
    steps: 25,
    conditioningFps: 7,
    frameRate: 28,
    resolution: 'model',
    outputWidth: 1024,
    outputHeight: 576,
    seed: 7,
  });
});

test.each([1, 2, 25, 26, 27, 49, 51, 76, 249, 250])(
  'the segments of %i frames add up, and are decoded in chunks of similar size',
  (frames) => {
    const { segments, segmentFrames, surplus, decodeChunks } = createPlan(card, 'abc', { ...size, frames });
    expect(segments * (segmentFrames - 1) + 1 - surplus).toBe(frames);
    expect(segmentFrames).toBeLessThanOrEqual(card.window + 1);
    expect(decodeChunks.reduce((sum, count) => sum + count, 0)).toBe(segmentFrames);
    expect(Math.max(...decodeChunks) - Math.min(...decodeChunks)).toBeLessThanOrEqual(1);
  },
);

test('the settings of a segment are those of the plan', () => {
  const plan = createPlan(card, 'abc', {
    ...size,
    motionBucketId: 40,
    noiseAugStrength: 0.1,
    minGuidance: 1.5,
    maxGuidance: 2.5,
    frames: 60,
  });
  expect(segmentSettings(plan, 2)).toMatchObject({
    ...size,
    frames: plan.segmentFrames,
    segment: 2,
    motionBucketId: 40,
    noiseAugStrength: 0.1,
    minGuidance: 1.5,
    maxGuidance: 2.5,
    sampler: 'euler',
  });
  expect(() => createPlan(card, 'abc', { ...size, width: 1000 })).toThrow('width must be a multiple of 64');
  expect(() => segmentSettings({ ...plan, sampler: 'other' }, 0)).toThrow('sampler "other"');
});

test('a camera move applies to every segment; a plan of an earlier version has none', () => {
  const moving = { ...card, camera: { channels: [0], scale: 1, moves: { 'pan-left': [-1] } } };
  const plan = createPlan(moving, 'abc', { ...size, frames: 60, camera: 'pan-left' });
  expect(plan.camera).toBe('pan-left');
  expect([0, 1, 2].map((segment) => segmentSettings(plan, segment).camera)).toEqual(Array(3).fill('pan-left'));
  expect(segmentSettings(createPlan(moving, 'abc', size), 0).camera).toBeUndefined();
  expect(() => segmentSettings({ ...plan, camera: 'pan-up' }, 0)).toThrow('unknown camera move "pan-up" in the plan');
});

test('with a frame interval, the model makes every second frame, at half the rate', () => {
  const plan = createPlan(card, 'abc', { ...size, frames: 14, frameInterval: 2 });
  expect(plan).toMatchObject({ frames: 14, frameInterval: 2, segments: 1, segmentFrames: 7, frameRate: 28 });
  expect(timelineOf(plan)).toMatchObject({ frames: 7, fps: 3.5, outputFps: 28 });
  expect(fileShape(timelineOf(plan), 'mp4')).toMatchObject({ frames: 49, fps: 28 });
  expect(segmentSettings(plan, 0)).toMatchObject({ frames: 7, conditioningFps: 7, frameInterval: 2 });
  // A plan of an earlier version.
  expect(timelineOf({ ...plan, frameInterval: 0 })).toMatchObject({ frames: 14, fps: 7 });
  expect(() => createPlan(card, 'abc', { ...size, conditioningFps: 1, frameInterval: 2 })).toThrow(
    /at most conditioning_fps/,
  );
  // The interval of a card is a wish.
  const half = { ...card, defaults: { ...CARD_DEFAULTS, frameInterval: 2 } };
  expect(createPlan(half, 'abc', { ...size, conditioningFps: 1 }).frameInterval).toBe(1);
});
