import type { Checkpoint } from '@cinematica/svd';
import { denoiseGraphs, emitterFor, vaeDecodeGraph } from '@cinematica/svd/internal';
import type { GraphDraft } from '@cinematica/svd/internal';
import { roofline } from '../gpu/roofline.ts';
import type { DeviceRates } from '../gpu/roofline.ts';
import type { QualityPlan, StepKind } from './quality-plans.ts';

/** The operations of each part of a video. */
export interface Count {
  /** Floating-point operations of one step of each kind. */
  readonly steps: ReadonlyMap<string, number>;
  /** Of decoding the video. */
  readonly decode: number;
  /** Of all steps and of decoding. */
  readonly total: number;
}

type CountGraph = (graph: GraphDraft) => number;

/** Counts floating-point operations on the CPU. */
export const countOnCpu = (plan: QualityPlan): Count =>
  sumParts(plan, 'cpu', ({ builder }) => builder.work.reduce((sum, { flops }) => sum + flops, 0));

/**
 * Convolutions and attention reach this part of a device's matrix rate, other products that one, and traffic that part of its
 * memory's rate, as in docs/performance.md.
 */
const EFFICIENCY = { convolution: 0.6, product: 0.75, traffic: 0.7 } as const;
const CONVOLUTIONS: ReadonlySet<string> = new Set(['Conv', 'NhwcConv', 'MultiHeadAttention']);

/** Predicts seconds on a GPU by the roofline model. */
export function predictOnGpu(plan: QualityPlan, { flops, bytes }: DeviceRates): Count {
  const traffic = bytes * EFFICIENCY.traffic;
  return sumParts(plan, 'cuda', ({ builder }) => {
    const model = builder.build();
    const slow = roofline(model, { flops: flops * EFFICIENCY.convolution, bytes: traffic });
    const fast = new Map(
      roofline(model, { flops: flops * EFFICIENCY.product, bytes: traffic }).map((cost) => [
        cost.operator,
        cost.seconds,
      ]),
    );
    return slow.reduce(
      (sum, { operator, seconds }) => sum + (CONVOLUTIONS.has(operator) ? seconds : (fast.get(operator) ?? 0)),
      0,
    );
  });
}

function sumParts({ checkpoint, settings, steps, chunks }: QualityPlan, on: 'cpu' | 'cuda', count: CountGraph): Count {
  const options = { createEmitter: emitterFor(on) };
  const shape = sizeOf(checkpoint, settings);
  const known = new Map<string, number>();
  const stepOf = ({ name, guidance, cache }: StepKind): number => {
    const own = known.get(name) ?? count(denoiseGraphs(checkpoint, { ...shape, guidance, cache }, options).step);
    known.set(name, own);
    return own;
  };
  const sum = steps.reduce((total, step) => total + stepOf(step), 0);
  const decode = chunks.reduce(
    (total, frames) => total + count(vaeDecodeGraph(checkpoint, { ...shape, frames }, 'rgb8', options)),
    0,
  );
  return { steps: known, decode, total: sum + decode };
}

/** The size of the latents. */
export function sizeOf({ vae }: Checkpoint, settings: QualityPlan['settings']) {
  const { width, height, frames } = settings;
  return { frames, width: width / vae.scaleFactor, height: height / vae.scaleFactor };
}
