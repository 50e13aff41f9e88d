import type { NamedCheckpoint } from '@cinematica/pipeline/model';
import type { Plan } from '@cinematica/pipeline';
import { cacheIntervalOf } from '@cinematica/pipeline/plan';
import { predictWork, withComponentsOf } from '@cinematica/svd';
import type { Work, WorkShape } from '@cinematica/svd';
import type { LoadedModel } from './resolve-plan.ts';

/** The number of shapes whose work is kept. Sizes and numbers of frames are free, so callers can ask for many. */
const MAX_SHAPES = 256;

/** Describes a checkpoint for new videos. */
export function loadedModel({ checkpoint, digest, ref }: NamedCheckpoint): LoadedModel {
  const known = new Map<string, Work>();
  return {
    card: checkpoint.card,
    digest,
    ref,
    latentPixels: checkpoint.vae.scaleFactor,
    knowsWork: (plan) => known.has(keyOf(plan)),
    workOf(plan) {
      if (plan.model !== ref.name || plan.modelDigest !== ref.digest) return null;
      const key = keyOf(plan);
      const work = known.get(key) ?? predictWork(withComponentsOf(checkpoint, plan.components), shapeOf(plan));
      if (known.size >= MAX_SHAPES) known.delete(known.keys().next().value ?? '');
      known.set(key, work);
      return work;
    },
  };
}

const keyOf = (plan: Plan): string => JSON.stringify([plan.components, shapeOf(plan)]);

const shapeOf = (plan: Plan): WorkShape => ({
  width: plan.width,
  height: plan.height,
  frames: plan.segmentFrames,
  steps: {
    steps: plan.steps,
    minGuidance: plan.minGuidance,
    maxGuidance: plan.maxGuidance,
    guidanceSteps: plan.guidanceSteps,
    cacheInterval: cacheIntervalOf(plan),
    cacheBranch: plan.cacheBranch,
  },
  decodeChunks: plan.decodeChunks,
});
