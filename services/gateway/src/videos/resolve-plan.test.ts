import { create } from '@bufbuild/protobuf';
import { segmentSettings } from '@cinematica/pipeline/plan';
import { Quality, VideoSettingsSchema } from '@cinematica/protocol/v1';
import type { VideoSettings } from '@cinematica/protocol/v1';
import { CARD_DEFAULTS } from '@cinematica/settings';
import type { ModelCard } from '@cinematica/svd';
import { expect, test } from 'vitest';
import { resolvePlan } from './resolve-plan.ts';

const card: ModelCard = {
  name: 'small',
  title: 'Small',
  licence: { name: 'none' },
  sizes: [{ width: 64, height: 64 }],
  multiple: 8,
  window: 2,
  decodeChunk: 2,
  cacheBranches: 3,
  sampler: 'euler',
  sigmas: [700, 1, 0],
  defaults: { ...CARD_DEFAULTS, frames: 2, steps: 2 },
  presets: { calm: {}, natural: {}, lively: {} },
  qualities: { fast: { sampler: 'ays', settings: { steps: 10, cacheInterval: 2, guidanceSteps: 4 } } },
};
const model = {
  card,
  digest: '0'.repeat(64),
  ref: { name: 'small', digest: '0'.repeat(12) },
  latentPixels: 8,
  workOf: () => null,
  knowsWork: () => false,
  partOutside: () => Promise.resolve(0),
};
const draft = create(VideoSettingsSchema, { quality: Quality.DRAFT });
const photo = { width: 100, height: 100 };
const plan = (settings: Partial<VideoSettings>) =>
  resolvePlan(model, create(VideoSettingsSchema, settings as never), photo, 1);

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

test('a plan of an earlier version computes every step whole', () => {
  expect(segmentSettings({ ...plan({}), cacheInterval: 0 }, 0).cacheInterval).toBe(1);
});

test('a quality or a branch that the model does not have is refused', () => {
  expect(() => plan({ quality: Quality.DRAFT })).toThrow(/must be best or fast with small, not draft/);
  const lacking = { draft: 'it needs a decoder' };
  const without = () => resolvePlan({ ...model, card: { ...card, lacking } }, draft, photo, 1);
  expect(without).toThrow(/must be best or fast with small, not draft: it needs a decoder/);
  const qualities = { draft: { components: ['vae'], settings: { frameInterval: 2 } } } as const;
  const made = resolvePlan({ ...model, card: { ...card, qualities } }, draft, photo, 1);
  expect(made).toMatchObject({ quality: 'draft', components: 'draft', frames: 2, frameInterval: 2, segmentFrames: 1 });
  expect(plan({ quality: Quality.FAST }).components).toBe('');
  expect(() => plan({ cacheInterval: 2, cacheBranch: 3 })).toThrow(/from 0 to 2 with small, not 3/);
});
