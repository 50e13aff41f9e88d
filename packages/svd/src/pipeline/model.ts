import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { finish } from '../graphs/graph.ts';
import type { Draft, DraftOptions } from '../graphs/graph.ts';
import { emitterFor } from '../graphs/emitter-for.ts';
import type { CreateEmitter } from '../graphs/emitter-for.ts';
import { createRuntime } from '../runtime/runtime.ts';
import type { Runtime, RuntimeOptions } from '../runtime/runtime.ts';
import type { Tensor } from '../runtime/tensor.ts';
import { openCheckpoint } from './open-checkpoint.ts';

/** The parts of a model that are kept apart: each has its own graphs, and room for a few shapes. */
export type Part = 'image_encoder' | 'vae_encoder' | 'condition' | 'step' | 'vae_decoder' | 'unet';

/** A checkpoint and the process that computes with it. */
export interface Model extends AsyncDisposable {
  readonly checkpoint: Checkpoint;
  readonly runtime: Runtime;
  /**
   * Runs a part's graph for a shape, building and loading it if it isn't there.
   * @param shape what the graph's shape is called; each part keeps its last two.
   */
  run(
    part: Part,
    shape: string,
    build: (options: DraftOptions) => Draft,
    feeds: Readonly<Record<string, Tensor>>,
    signal?: AbortSignal,
  ): Promise<Record<string, Tensor>>;
}

/** Shapes kept a part: a decoder's chunks come in two lengths. A full-size denoising step is alone all the same. */
const KEPT: Readonly<Record<Part, number>> = {
  image_encoder: 1,
  vae_encoder: 1,
  condition: 1,
  step: 1,
  vae_decoder: 2,
  unet: 1,
};

/**
 * Joins a checkpoint and a runtime; closing the model closes the runtime.
 * @param createEmitter the one for the runtime's provider if left out.
 */
export function createModel(
  checkpoint: Checkpoint,
  runtime: Runtime,
  createEmitter: CreateEmitter = emitterFor(runtime.provider),
): Model {
  const loaded = new Map<Part, string[]>();
  return {
    checkpoint,
    runtime,
    async run(part, shape, build, feeds, signal) {
      const key = `${part} ${shape}`;
      const keys = loaded.get(part) ?? [];
      if (!keys.includes(key)) {
        const kept = keys.slice(Math.max(0, keys.length + 1 - KEPT[part]));
        for (const old of keys.filter((other) => !kept.includes(other))) await runtime.unload(old);
        loaded.set(part, kept);
        await runtime.load(key, finish(build({ createEmitter })), signal);
        loaded.set(part, [...kept, key]);
      }
      return runtime.run(key, feeds, signal);
    },
    [Symbol.asyncDispose]: () => runtime.close(),
  };
}

/** Opens a checkpoint's folder and starts a process for it. */
export async function openModel(folder: string, options: RuntimeOptions = {}, signal?: AbortSignal): Promise<Model> {
  const checkpoint = await openCheckpoint(folder, signal);
  return createModel(checkpoint, await createRuntime(options));
}

/** A float32 tensor over these numbers. */
export const float32 = (data: Float32Array, dims: readonly number[]): Tensor => ({ type: 'float32', dims, data });

/** An output that is float32, by name. */
export function floats(outputs: Readonly<Record<string, Tensor>>, name: string): Float32Array {
  const data = outputs[name]?.data;
  if (!(data instanceof Float32Array)) throw new TypeError(`the graph gave no float32 "${name}"`);
  return data;
}
