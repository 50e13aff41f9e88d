import { CARD_DEFAULTS } from '@cinematica/settings';
import type { ModelCard } from '@cinematica/svd';
import type { LoadedModel } from '../resolve-plan.ts';

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
/** A model for tests, with settings of every kind. */
export const smallModel: LoadedModel = {
  card,
  digest: '0'.repeat(64),
  ref: { name: 'small', digest: '0'.repeat(12) },
  latentPixels: 8,
  workOf: () => null,
  knowsWork: () => false,
  partOutside: () => Promise.resolve(0),
};
