import { freemem } from 'node:os';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { emitterFor } from '../graphs/emitter-for.ts';
import type { CreateEmitter } from '../graphs/emitter-for.ts';
import { denoiseGraphs } from '../graphs/denoise-graphs.ts';
import type { DenoiseShape } from '../graphs/denoise-graphs.ts';
import { finishGraph } from '../graphs/graph.ts';
import { elements } from '../onnx/graph-builder.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { feedsOf } from './compute-part.ts';

/** The shape of the step that providers are compared with. */
export type TimedShape = Pick<DenoiseShape, 'frames' | 'height' | 'width'>;

/** Two CPU cores compute a step of so many floating-point operations in about two seconds. */
const MAX_FLOPS = 0.5e12;

/** Runs after the first one, which also allocates memory and chooses kernels. The fastest counts. */
const RUNS = 2;

const KEY = 'timed step';

/**
 * The largest shape, up to the model's own, that a CPU computes in some seconds: first with fewer frames, then with smaller ones.
 */
export function timedShape(checkpoint: Checkpoint): TimedShape {
  const { card, unet, vae } = checkpoint;
  const [size] = card.sizes;
  const multiple = 2 ** (unet.architecture.down.length - 1);
  const round = (side: number) => Math.max(multiple, Math.round(side / multiple) * multiple);
  let shape = { frames: card.window, height: size.height / vae.scaleFactor, width: size.width / vae.scaleFactor };
  while (flopsOf(checkpoint, shape) > MAX_FLOPS) {
    const { frames, height, width } = shape;
    if (frames > 2) shape = { ...shape, frames: Math.ceil(frames / 2) };
    else if (Math.max(height, width) > multiple) shape = { frames, height: round(height / 2), width: round(width / 2) };
    else break;
  }
  return shape;
}

function flopsOf(checkpoint: Checkpoint, shape: TimedShape): number {
  const { builder } = denoiseGraphs(
    checkpoint,
    { ...shape, guidance: false },
    { createEmitter: emitterFor('cpu') },
  ).step;
  return builder.work.reduce((sum, { flops }) => sum + flops, 0);
}

/** A provider was not timed. */
export class NotTimedError extends Error {
  override readonly name = 'NotTimedError';
}

/**
 * Times a step of a model without guidance, and ends the process.
 * @returns seconds
 * @throws {NotTimedError} when the model does not fit into the memory that is free
 * @throws {GraphError} when the provider cannot compute the step
 */
export async function timeStep(
  runtime: Pick<Runtime, 'provider' | 'load' | 'run' | 'unload'>,
  checkpoint: Checkpoint,
  shape: TimedShape,
  createEmitter: CreateEmitter,
  signal?: AbortSignal,
): Promise<number> {
  if (runtime.provider === 'cpu' && memoryOnCpu(checkpoint) > freemem()) {
    throw new NotTimedError('the model does not fit into the memory that is free');
  }
  const { step } = denoiseGraphs(checkpoint, { ...shape, guidance: false }, { createEmitter });
  const feeds = feedsOf(step.builder);
  try {
    await runtime.load(KEY, finishGraph(step), signal);
    await runtime.run(KEY, feeds, signal);
    let fastest = Infinity;
    for (let run = 0; run < RUNS; run++) {
      const start = performance.now();
      await runtime.run(KEY, feeds, signal);
      fastest = Math.min(fastest, performance.now() - start);
    }
    return fastest / 1000;
  } finally {
    await runtime.unload(KEY);
  }
}

/** What a CPU needs while it loads the UNet: its weights in float32, and copies of some (docs/performance.md). */
const memoryOnCpu = ({ unet }: Checkpoint): number =>
  1.5 * 4 * [...unet.weights.tensors.values()].reduce((sum, { shape }) => sum + elements(shape), 0);
