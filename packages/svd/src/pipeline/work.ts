import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { vaeDecodeGraph } from '../graphs/decode-graph.ts';
import { denoiseGraphs } from '../graphs/denoise-graphs.ts';
import type { DenoiseShape } from '../graphs/denoise-graphs.ts';
import { emitterFor } from '../graphs/emitter-for.ts';
import type { GraphDraft } from '../graphs/graph.ts';
import { imageEncoderGraph, vaeEncodeGraph } from '../graphs/encode-graphs.ts';
import { stepKind } from './settings.ts';
import type { SegmentSettings } from './settings.ts';

/** The shape of a segment, which determines how much has to be computed. */
export interface WorkShape {
  /** Width and height of the frames in pixels. */
  readonly width: number;
  readonly height: number;
  /** The number of frames of the segment. */
  readonly frames: number;
  /** The settings that determine what each step computes. */
  readonly steps: StepPlan;
  /** The number of frames in each chunk that is decoded together. */
  readonly decodeChunks: readonly number[];
}

/** The number of steps, and what they compute. */
export type StepPlan = Pick<
  SegmentSettings,
  'steps' | 'minGuidance' | 'maxGuidance' | 'guidanceSteps' | 'cacheInterval' | 'cacheBranch'
>;

/** How long the reference machine computes, in seconds. */
export interface Work {
  /** Encoding the photo, once for a video. */
  readonly encode: number;
  /** One denoising step of the segment, on average. */
  readonly step: number;
  /** Decoding all frames of the segment. */
  readonly decode: number;
}

/**
 * The rates of the reference machine: two cores of a Xeon (Sapphire Rapids, AVX-512, 2.3 GHz) in float32. They were fitted to
 * the times in docs/performance.md, from `tiny-xt` to the full size of SVD-XT.
 */
const REFERENCE = { flopsPerSecond: 300e9, bytesPerSecond: 11e9 } as const;

/** The result of {@link measureSpeed} on the reference machine. */
export const REFERENCE_SPEED = 225e9;

/**
 * Predicts how long a segment takes, by the roofline model: each node takes the time of its arithmetic or of its memory
 * traffic, whichever is longer. The graphs are built, but not run. At the full size of SVD-XT this takes about a tenth of a
 * second, so callers should keep the result.
 *
 * @see Williams, Waterman, Patterson: Roofline, Communications of the ACM 52(4), 2009
 */
export function predictWork(checkpoint: Checkpoint, shape: WorkShape): Work {
  const options = { createEmitter: emitterFor('cpu') };
  const { width, height, frames, steps, decodeChunks } = shape;
  const { scaleFactor } = checkpoint.vae;
  const latents = { width: width / scaleFactor, height: height / scaleFactor };
  const decodeSeconds = new Map(
    [...new Set(decodeChunks)].map((count) => [
      count,
      secondsOf(vaeDecodeGraph(checkpoint, { ...latents, frames: count }, 'rgb8', options)),
    ]),
  );
  return {
    encode:
      secondsOf(imageEncoderGraph(checkpoint, options)) + secondsOf(vaeEncodeGraph(checkpoint, height, width, options)),
    step: averageStep(steps, (guidance, cache) =>
      secondsOf(denoiseGraphs(checkpoint, { ...latents, frames, guidance, cache }, options).step),
    ),
    decode: decodeChunks.reduce((sum, count) => sum + (decodeSeconds.get(count) ?? 0), 0),
  };
}

/** The average of the steps. Each kind of step is predicted once. */
function averageStep(plan: StepPlan, seconds: (guidance: boolean, cache: DenoiseShape['cache']) => number): number {
  const known = new Map<string, number>();
  let sum = 0;
  for (let step = 0; step < plan.steps; step++) {
    const { guidance, cache } = stepKind(plan, step);
    const key = `${guidance} ${cache?.pass}`;
    const own = known.get(key) ?? seconds(guidance, cache);
    known.set(key, own);
    sum += own;
  }
  return sum / plan.steps;
}

const secondsOf = ({ builder }: GraphDraft): number =>
  builder.work.reduce(
    (sum, { flops, bytes }) => sum + Math.max(flops / REFERENCE.flopsPerSecond, bytes / REFERENCE.bytesPerSecond),
    0,
  );
