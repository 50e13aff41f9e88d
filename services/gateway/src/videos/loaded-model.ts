import type { NamedCheckpoint } from '@cinematica/pipeline/model';
import { modelFrames } from '@cinematica/pipeline';
import type { Plan } from '@cinematica/pipeline';
import { cacheIntervalOf, segmentSettings } from '@cinematica/pipeline/plan';
import { ConfigError } from '@cinematica/pipeline/service';
import { predictWork, readCameraPath, SafetensorsError, withComponentsOf } from '@cinematica/svd';
import type { Work, WorkShape } from '@cinematica/svd';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { LoadedModel } from './resolve-plan.ts';

/** The number of shapes whose work is kept. Sizes and numbers of frames are free, so callers can ask for many. */
const MAX_SHAPES = 256;

/**
 * Describes a checkpoint for new videos.
 * @throws ConfigError when its card has a camera path that its weights do not have.
 */
export async function loadedModel({ checkpoint, digest, ref }: NamedCheckpoint): Promise<LoadedModel> {
  const known = new Map<string, Work>();
  const camera = await readCameraPath(checkpoint).catch((cause: unknown) => {
    if (!(cause instanceof SafetensorsError)) throw cause;
    throw new ConfigError(
      `MODEL_DIR: camera.path in the cinematica.json of ${ref.name} does not fit: ${cause.message}`,
    );
  });
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
    async partOutside(plan) {
      if (!camera) return 0;
      const computing = camera(segmentSettings(plan, 0), modelFrames(plan));
      // Other requests are answered in between.
      for (;;) {
        const { done, value } = computing.next();
        if (done) return value;
        await nextTurn();
      }
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
