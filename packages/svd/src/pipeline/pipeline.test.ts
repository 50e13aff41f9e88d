import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RgbImage } from '../image/image.ts';
import { continueFrom } from './conditioning.ts';
import type { Conditioning } from './conditioning.ts';
import { decode } from './decode.ts';
import type { FrameChunk } from './decode.ts';
import { denoise } from './denoise.ts';
import type { Step } from './denoise.ts';
import { encode } from './encode.ts';
import { openModel } from './model.ts';
import type { Model } from './model.ts';
import { preview } from './preview.ts';
import { resolveSettings, SettingsError } from './settings.ts';
import type { SegmentSettings } from './settings.ts';

const checkpoint = fileURLToPath(new URL('../../../../test/golden/tiny-xt/checkpoint', import.meta.url));

/** A photo with a bright upper half and a dark lower half. */
const photo: RgbImage = {
  width: 160,
  height: 100,
  data: Uint8Array.from({ length: 160 * 100 * 3 }, (_, i) => (i < 160 * 50 * 3 ? 220 : 30) + (i % 7)),
};

let model: Model;
let settings: SegmentSettings;
let conditioning: Conditioning;

beforeAll(async () => {
  model = await openModel(checkpoint, { provider: 'cpu', threads: 1 });
  settings = resolveSettings(model.checkpoint.card, { width: 128, height: 64, frames: 3, steps: 4, seed: 7 });
  conditioning = await encode(model, photo, settings);
});
afterAll(() => model[Symbol.asyncDispose]());

async function steps(over: Partial<SegmentSettings> = {}): Promise<Step[]> {
  const seen: Step[] = [];
  await denoise(model, conditioning, { ...settings, ...over }, { onStep: (step) => void seen.push(step) });
  return seen;
}

describe('denoise', () => {
  test('reports every step; the latents depend on seed, motion bucket id, segment and fps', async () => {
    const seen = await steps();
    expect(seen.map(({ step, steps: of }) => [step, of])).toEqual([1, 2, 3, 4].map((step) => [step, 4]));
    expect(seen.every(({ latents, x0 }) => latents.every(Number.isFinite) && x0.every(Number.isFinite))).toBe(true);
    for (const over of [{ seed: 8 }, { motionBucketId: 20 }, { segment: 1 }, { conditioningFps: 24 }]) {
      expect((await steps(over)).at(-1)?.latents).not.toEqual(seen.at(-1)?.latents);
    }
  });

  test('starts every segment from the same noise if the model card has sharedNoise', async () => {
    const card = { ...model.checkpoint.card, sharedNoise: true };
    const sharing: Model = { ...model, checkpoint: { ...model.checkpoint, card } };
    const first = await denoise(sharing, conditioning, { ...settings, segment: 0 });
    const later = await denoise(sharing, conditioning, { ...settings, segment: 1 });
    expect(Buffer.compare(Buffer.from(later.buffer), Buffer.from(first.buffer))).toBe(0);
  });

  test('a camera move changes the latents, but not in the same way as another one', async () => {
    const camera = { channels: [0, 1], scale: 10, moves: { still: [0, 0], 'push-in': [3, -3] } };
    const card = { ...model.checkpoint.card, camera };
    const moving: Model = { ...model, checkpoint: { ...model.checkpoint, card } };
    const run = (more: Partial<SegmentSettings>) => denoise(moving, conditioning, { ...settings, ...more });
    const [auto, still, pushIn] = [await run({}), await run({ camera: 'still' }), await run({ camera: 'push-in' })];
    expect(pushIn).not.toEqual(still);
    expect(auto).not.toEqual(still);
    expect(await run({ camera: 'push-in' })).toEqual(pushIn);
    expect(() => resolveSettings(card, { ...settings, camera: 'pan-left' })).toThrow(
      new SettingsError('camera', `must be auto or one of still, push-in with ${card.name}, not pan-left`),
    );
    expect(() => resolveSettings(model.checkpoint.card, { ...settings, camera: 'still' })).toThrow(
      `camera must be auto: ${card.name} does not support camera moves`,
    );
  });

  test.each(['euler', 'animatelcm'] as const)(
    'returns the same bytes when resumed from any step (%s)',
    async (sampler) => {
      const over = { ...settings, sampler, maxGuidance: 1 };
      const seen = await steps(over);
      for (const { step, latents } of seen.slice(0, -1)) {
        const resumed = await denoise(model, conditioning, over, { resumeFrom: { step, latents } });
        expect(Buffer.from(resumed.buffer).equals(Buffer.from(seen.at(-1)?.latents.buffer ?? new ArrayBuffer()))).toBe(
          true,
        );
      }
    },
  );

  test('computes no unconditional prediction if no frame has a guidance above 1', async () => {
    const unguided = await steps({ minGuidance: 1, maxGuidance: 1 });
    const below = await steps({ minGuidance: 0.5, maxGuidance: 1 });
    expect(below.at(-1)?.latents).toEqual(unguided.at(-1)?.latents);
    const nearly = await steps({ minGuidance: 1, maxGuidance: 1 + 1e-6 });
    const distance = nearly.at(-1)?.latents.reduce((most, value, i) => {
      return Math.max(most, Math.abs(value - (unguided.at(-1)?.latents[i] ?? NaN)));
    }, 0);
    expect(distance).toBeGreaterThan(0);
    expect(distance).toBeLessThan(1e-3);
  });

  test('stops between two steps when aborted; the model remains usable', async () => {
    const stop = new AbortController();
    const onStep = ({ step }: Step) => step === 2 && stop.abort(new Error('enough'));
    const stopped = denoise(model, conditioning, settings, {
      onStep: (step) => void onStep(step),
      signal: stop.signal,
    });
    await expect(stopped).rejects.toThrow('enough');
    expect(await steps()).toHaveLength(4);
  });
});

test('encode crops the photo to the aspect ratio of the video; its noise depends on seed and strength', async () => {
  expect([conditioning.height, conditioning.width]).toEqual([8, 16]);
  const same = await encode(model, photo, settings);
  expect(same).toEqual(conditioning);
  const other = await encode(model, photo, { ...settings, seed: 8 });
  expect(other.imageEmbedding).toEqual(conditioning.imageEmbedding);
  expect(other.imageLatents).not.toEqual(conditioning.imageLatents);
  const without = await encode(model, photo, { ...settings, noiseAugStrength: 0 });
  expect(await encode(model, photo, { ...settings, noiseAugStrength: 0, seed: 8 })).toEqual(without);
});

test('the preview of the latents of a photo resembles the photo', () => {
  const factor = model.checkpoint.vae.config.scaling_factor;
  const [frame] = preview(
    conditioning,
    conditioning.imageLatents.map((value) => value * factor),
  );
  expect([frame?.width, frame?.height]).toEqual([16, 8]);
  const data = [...(frame?.data ?? [])];
  const mean = (part: number[]) => part.reduce((sum, level) => sum + level, 0) / part.length;
  expect(mean(data.slice(0, data.length / 2))).toBeGreaterThan(mean(data.slice(data.length / 2)) + 50);
});

test('a preview has the requested number of frames, or all frames of a short video', async () => {
  const last = (await steps()).at(-1);
  expect(preview(conditioning, last?.x0 ?? new Float32Array(), 8)).toHaveLength(3);
  expect(preview(conditioning, last?.x0 ?? new Float32Array(), 2)).toHaveLength(2);
});

test('decode returns every frame once and in order; continueFrom conditions on the last latents', async () => {
  const latents = (await steps()).at(-1)?.latents ?? new Float32Array();
  const chunks: FrameChunk[] = [];
  for await (const chunk of decode(model, latents, conditioning, 2)) chunks.push(chunk);
  expect(chunks.map(({ first, count, width, height }) => [first, count, width, height])).toEqual([
    [0, 2, 128, 64],
    [2, 1, 128, 64],
  ]);
  expect(chunks.map(({ data }) => data.length)).toEqual([2 * 128 * 64 * 3, 128 * 64 * 3]);
  const last = latents.slice(-4 * 8 * 16);
  const next = continueFrom(conditioning, last, model.checkpoint.vae.config.scaling_factor);
  expect(next.imageLatents[5]).toBeCloseTo((last[5] ?? NaN) / 0.18215, 4);
  expect(next.imageEmbedding).toBe(conditioning.imageEmbedding);
});
