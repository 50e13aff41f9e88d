import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Conditioning } from './conditioning.ts';
import { denoise } from './denoise.ts';
import type { Step } from './denoise.ts';
import { openModel } from './model.ts';
import type { Model } from './model.ts';
import { resolveSettings, SettingsError } from './settings.ts';
import type { SegmentSettings } from './settings.ts';
import { openGolden, requestOf } from '../parity/golden.ts';
import type { Golden } from '../parity/golden.ts';

const folder = fileURLToPath(new URL('../../../../test/golden/tiny', import.meta.url));

let model: Model;
let golden: Golden;
let conditioning: Conditioning;
let base: SegmentSettings;
beforeAll(async () => {
  golden = await openGolden(folder);
  model = await openModel(join(folder, 'checkpoint'), { provider: 'cpu', threads: 1 });
  conditioning = {
    channels: 4,
    height: golden.params.height / model.checkpoint.vae.scaleFactor,
    width: golden.params.width / model.checkpoint.vae.scaleFactor,
    imageEmbedding: await golden.floats('clip_image_embeds'),
    imageLatents: await golden.floats('vae_image_latents'),
    previewMap: new Float32Array(),
  };
  base = resolveSettings(model.checkpoint.card, { ...requestOf(golden), maxGuidance: 3, steps: 6, cacheInterval: 3 });
});
afterAll(() => model[Symbol.asyncDispose]());

async function steps(settings: SegmentSettings, resumeFrom?: Step): Promise<Step[]> {
  const seen: Step[] = [];
  const noise = await golden.floats('noise_init');
  await denoise(model, conditioning, settings, { noise, resumeFrom, onStep: (step) => void seen.push(step) });
  return seen;
}

test('resumes after a step that is not shallow, also where guidance ends, with the same bytes', async () => {
  const settings = { ...base, guidanceSteps: 4 };
  const seen = await steps(settings);
  expect(seen.map(({ resumable }) => resumable)).toEqual([false, false, true, true, false, true]);
  for (const step of [seen[2]!, seen[3]!]) {
    expect((await steps(settings, step)).at(-1)!.latents).toEqual(seen.at(-1)!.latents);
  }
  await expect(steps(settings, seen[0])).rejects.toThrow(/cannot be resumed after step 1/);
});

test('after its last guided step, the latents are those of a run without guidance', async () => {
  const settings = { ...base, cacheInterval: 1 };
  const guided = await steps(settings);
  const left = await steps({ ...settings, guidanceSteps: 2 });
  expect(left[1]!.latents).toEqual(guided[1]!.latents);
  const unguided = await steps({ ...settings, minGuidance: 1, maxGuidance: 1 }, guided[1]);
  expect(left.at(-1)!.latents).toEqual(unguided.at(-1)!.latents);
});

test('a branch that the UNet does not have is refused', () => {
  const card = { ...model.checkpoint.card, cacheBranches: 4 };
  expect(() => resolveSettings(card, { ...base, cacheBranch: 4 })).toThrow(SettingsError);
  expect(() => resolveSettings(card, { ...base, cacheInterval: 1, cacheBranch: 4 })).not.toThrow();
});
