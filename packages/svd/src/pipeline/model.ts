import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { finishGraph } from '../graphs/graph.ts';
import type { GraphDraft, GraphOptions } from '../graphs/graph.ts';
import { emitterFor } from '../graphs/emitter-for.ts';
import type { CreateEmitter } from '../graphs/emitter-for.ts';
import { createRuntime } from '../runtime/runtime.ts';
import type { Runtime, RuntimeOptions } from '../runtime/runtime.ts';
import type { Tensor } from '../runtime/tensor.ts';
import { openCheckpoint } from './open-checkpoint.ts';

/** The parts of a model. Each has its own graphs. */
export type Part = 'image_encoder' | 'vae_encoder' | 'condition' | 'step' | 'shallow_step' | 'vae_decoder' | 'unet';

/** A checkpoint and a runtime that computes with it. */
export interface Model extends AsyncDisposable {
  readonly checkpoint: Checkpoint;
  readonly runtime: Runtime;
  /**
   * Runs the graph of a part for one shape. The graph is built and loaded if necessary; see `MAX_LOADED_SHAPES`.
   * @param shape name of the graph's shape
   */
  run(
    part: Part,
    shape: string,
    build: (options: GraphOptions) => GraphDraft,
    feeds: Readonly<Record<string, Tensor>>,
    signal?: AbortSignal,
  ): Promise<Record<string, Tensor>>;
}

/** The number of shapes of each part that stay loaded. The decoder has two, because its chunks have two lengths. */
const MAX_LOADED_SHAPES: Readonly<Record<Part, number>> = {
  image_encoder: 1,
  vae_encoder: 1,
  condition: 1,
  step: 1,
  shallow_step: 1,
  vae_decoder: 2,
  unet: 1,
};

/**
 * Creates a model from a checkpoint and a runtime. Disposing the model closes the runtime.
 * @param createEmitter default: the emitter for the runtime's provider
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
        const kept = keys.slice(Math.max(0, keys.length + 1 - MAX_LOADED_SHAPES[part]));
        for (const old of keys.filter((other) => !kept.includes(other))) await runtime.unload(old);
        loaded.set(part, kept);
        await runtime.load(key, finishGraph(build({ createEmitter })), signal);
        loaded.set(part, [...kept, key]);
      }
      return runtime.run(key, feeds, signal);
    },
    [Symbol.asyncDispose]: () => runtime.close(),
  };
}

/** Opens a checkpoint and starts a runtime for it. */
export async function openModel(path: string, options: RuntimeOptions = {}, signal?: AbortSignal): Promise<Model> {
  const checkpoint = await openCheckpoint(path, [], signal);
  return createModel(checkpoint, await createRuntime(options));
}

/** Creates a float32 tensor. */
export const float32 = (data: Float32Array, dims: readonly number[]): Tensor => ({ type: 'float32', dims, data });

/**
 * Returns the data of a float32 output.
 * @throws TypeError when the output does not exist or has another type
 */
export function floats(outputs: Readonly<Record<string, Tensor>>, name: string): Float32Array {
  const data = outputs[name]?.data;
  if (!(data instanceof Float32Array)) throw new TypeError(`the graph has no float32 output "${name}"`);
  return data;
}
