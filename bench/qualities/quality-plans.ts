import { createPlan, segmentSettings } from '@cinematica/pipeline/plan';
import { pickSettings } from '@cinematica/settings';
import { FASTER_QUALITIES, withComponentsOf } from '@cinematica/svd';
import type { Checkpoint, FasterQuality, SegmentSettings } from '@cinematica/svd';
import { stepKind } from '@cinematica/svd/internal';

/** A kind of step: all steps with the same name take the same time. */
export interface StepKind {
  /** For example `full, guided`. */
  readonly name: string;
  readonly guidance: boolean;
  readonly cache: ReturnType<typeof stepKind>['cache'];
}

/** What a quality computes for a video of one segment. */
export interface QualityPlan {
  readonly quality: 'best' | FasterQuality;
  /** With the components of the quality. */
  readonly checkpoint: Checkpoint;
  /** The quality whose components are used; empty for the model's own. */
  readonly components: string;
  readonly settings: SegmentSettings;
  readonly steps: readonly StepKind[];
  /** The numbers of frames that are decoded together. */
  readonly chunks: readonly number[];
}

/** Plans a video of one segment in each quality that a checkpoint has. */
export function qualityPlans(
  checkpoint: Checkpoint,
  video: { readonly width: number; readonly height: number; readonly frames: number },
): QualityPlan[] {
  const { card } = checkpoint;
  return (['best', ...FASTER_QUALITIES] as const).flatMap((quality) => {
    const changes = quality === 'best' ? {} : card.qualities?.[quality];
    if (!changes) return [];
    const { sampler = card.sampler, settings = {}, components = [] } = changes;
    const request = { ...card.defaults, ...pickSettings(settings), ...video, sampler, seed: 1 };
    const plan = createPlan(card, '', request);
    const own = segmentSettings(plan, 0);
    const from = components.length > 0 ? quality : '';
    return {
      quality,
      checkpoint: withComponentsOf(checkpoint, from),
      components: from,
      settings: own,
      steps: Array.from({ length: own.steps }, (_, step) => kindOf(own, step)),
      chunks: plan.decodeChunks,
    };
  });
}

/** The kind of a step. @param step from 0 */
export function kindOf(settings: SegmentSettings, step: number): StepKind {
  const { guidance, pass, cache } = stepKind(settings, step);
  return { name: `${pass}, ${guidance ? 'guided' : 'unguided'}`, guidance, cache };
}
