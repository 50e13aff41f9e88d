import { create } from '@bufbuild/protobuf';
import { segmentSettings } from '@cinematica/pipeline/plan';
import { Quality, VideoSettingsSchema, Sampler } from '@cinematica/protocol/v1';
import type { VideoSettings } from '@cinematica/protocol/v1';
import { expect, test } from 'vitest';
import { resolvePlan } from './resolve-plan.ts';
import { smallModel } from './testing/small-model.ts';

const draft = create(VideoSettingsSchema, { quality: Quality.DRAFT });
const photo = { width: 100, height: 100 };
const plan = (settings: Partial<VideoSettings>) =>
  resolvePlan(smallModel, create(VideoSettingsSchema, settings as never), photo, 1);

test('a quality is a set of settings and a sampler; settings of the request override it', () => {
  const best = plan({});
  expect(best).toMatchObject({ sampler: 'euler', sigmas: [700, 1, 0], steps: 2, cacheInterval: 1, guidanceSteps: 0 });
  const fast = plan({ quality: Quality.FAST });
  expect(fast).toMatchObject({
    quality: 'fast',
    sampler: 'ays',
    sigmas: [],
    steps: 10,
    cacheInterval: 2,
    guidanceSteps: 4,
  });
  expect(segmentSettings(fast, 0)).toMatchObject({ cacheInterval: 2, cacheBranch: 0, guidanceSteps: 4 });
  expect(plan({ quality: Quality.FAST, cacheInterval: 5 })).toMatchObject({ cacheInterval: 5, guidanceSteps: 4 });
});

test('a sampler is chosen among those of the model, and a quality with a sampler of its own has no other', () => {
  const flexible = { ...smallModel, card: { ...smallModel.card, samplers: ['ays'] as const } };
  const chosen = (settings: object) => resolvePlan(flexible, create(VideoSettingsSchema, settings), photo, 1);
  expect(chosen({ sampler: Sampler.AYS, steps: 10 })).toMatchObject({ sampler: 'ays', sigmas: [], steps: 10 });
  expect(chosen({ sampler: Sampler.EULER })).toMatchObject({ sampler: 'euler', sigmas: [700, 1, 0] });
  expect(chosen({ quality: Quality.FAST, sampler: Sampler.AYS }).sampler).toBe('ays');
  expect(() => chosen({ sampler: Sampler.ANIMATELCM })).toThrow(/must be auto or euler or ays .*, not animatelcm/);
  expect(() => chosen({ quality: Quality.FAST, sampler: Sampler.EULER })).toThrow(/must be auto or ays .*, not euler/);
  expect(() => plan({ sampler: Sampler.AYS })).toThrow(/must be auto or euler .*, not ays/);
});

test('a plan of an earlier version computes every step whole', () => {
  expect(segmentSettings({ ...plan({}), cacheInterval: 0 }, 0).cacheInterval).toBe(1);
});

test('a quality or a branch that the model does not have is refused', () => {
  expect(() => plan({ quality: Quality.DRAFT })).toThrow(/must be best or fast with small, not draft/);
  const lacking = { draft: 'it needs a decoder' };
  const without = () => resolvePlan({ ...smallModel, card: { ...smallModel.card, lacking } }, draft, photo, 1);
  expect(without).toThrow(/must be best or fast with small, not draft: it needs a decoder/);
  const qualities = { draft: { components: ['vae'], settings: { frameInterval: 2 } } } as const;
  const made = resolvePlan({ ...smallModel, card: { ...smallModel.card, qualities } }, draft, photo, 1);
  expect(made).toMatchObject({ quality: 'draft', components: 'draft', frames: 2, frameInterval: 2, segmentFrames: 1 });
  expect(plan({ quality: Quality.FAST }).components).toBe('');
  expect(() => plan({ cacheInterval: 2, cacheBranch: 3 })).toThrow(/from 0 to 2 with small, not 3/);
});
