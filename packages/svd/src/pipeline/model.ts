import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { finishGraph, SUM_OUTPUT } from '../graphs/graph.ts';
import type { GraphDraft, GraphOptions } from '../graphs/graph.ts';
import { emitterFor, safeEmitterFor } from '../graphs/emitter-for.ts';
import type { CreateEmitter } from '../graphs/emitter-for.ts';
import { withComponentsOf } from '../checkpoint/with-components-of.ts';
import { createRuntime } from '../runtime/runtime.ts';
import type { Runtime, RuntimeOptions } from '../runtime/runtime.ts';
import type { Tensor } from '../runtime/tensor.ts';
import { NotFiniteError } from './not-finite-error.ts';
import { openCheckpoint } from './open-checkpoint.ts';

/** The parts of a model. Each has its own graphs. */
export type Part = 'image_encoder' | 'vae_encoder' | 'condition' | 'step' | 'shallow_step' | 'vae_decoder' | 'unet';

/** A checkpoint and a runtime that computes with it. */
export interface Model extends AsyncDisposable {
  readonly checkpoint: Checkpoint;
  readonly runtime: Runtime;
  /** The same model in a precision in which fewer numbers overflow; null if there is none. See `computeFinite`. */
  readonly safe: Model | null;
  /**
   * Whether the device has little memory: guidance takes two runs of a step instead of one with twice the frames, and large
   * results are computed in smaller pieces.
   */
  readonly lowMemory: boolean;
  /**
   * The same model with the components of a quality in place of its own; they share the runtime. When one of both loads a graph, those of the
   * other that are loaded are unloaded, so that the memory of two UNets is never needed.
   * @param quality empty for the model itself
   * @throws RangeError when the checkpoint has no components of the quality
   */
  withComponentsOf(quality: string): Model;
  /**
   * Runs the graph of a part for one shape. The graph is built and loaded if necessary; see `MAX_LOADED_SHAPES`.
   * @param shape name of the graph's shape
   * @param slot see {@link Runtime.run}
   * @throws {NotFiniteError} when an element of the result is NaN or infinity, if the graph has the output `sum`
   */
  run(
    part: Part,
    shape: string,
    build: (options: GraphOptions) => GraphDraft,
    feeds: Readonly<Record<string, Tensor>>,
    signal?: AbortSignal,
    slot?: string,
  ): Promise<Record<string, Tensor>>;
}

export interface ModelOptions {
  /** Whether graphs must take less memory than they could, and longer: see {@link Model.lowMemory}. Default false. */
  readonly lowMemory?: boolean;
  /** Default: the emitter for the runtime's provider. */
  readonly createEmitter?: CreateEmitter;
  /** The emitter of {@link Model.safe}. Default: that for the runtime's provider; none if `createEmitter` is given. */
  readonly safeEmitter?: CreateEmitter | null;
  /** Called when a result has NaN or infinity. @param again whether it will be computed again with the safe emitter. */
  readonly onNotFinite?: (part: Part, again: boolean) => void;
}

/** The number of shapes of each part that stay loaded. The decoder has two, because its chunks have two lengths on the CPU. */
const MAX_LOADED_SHAPES: Readonly<Record<Part, number>> = {
  image_encoder: 1,
  vae_encoder: 1,
  condition: 1,
  step: 1,
  shallow_step: 1,
  vae_decoder: 2,
  unet: 1,
};

/** The graphs of a part that are loaded. All of them are of one variant, so that the memory of two is never needed. */
interface LoadedGraphs {
  readonly variant: Variant;
  readonly keys: readonly string[];
}

/** A model in one precision and with one set of components. */
interface Variant {
  readonly checkpoint: Checkpoint;
  readonly emitter: CreateEmitter;
  /** The quality that the components are of; empty for the checkpoint's own. */
  readonly quality: string;
}

/** Creates a model from a checkpoint and a runtime. Disposing the model closes the runtime. */
export function createModel(checkpoint: Checkpoint, runtime: Runtime, options: ModelOptions = {}): Model {
  const { provider, replaced } = runtime;
  const { lowMemory = false, onNotFinite } = options;
  const { createEmitter = emitterFor(provider, { replaced, lowMemory }) } = options;
  const { safeEmitter = options.createEmitter ? null : safeEmitterFor(provider, { replaced, lowMemory }) } = options;
  const loaded = new Map<Part, LoadedGraphs>();

  /** Unloads the graphs of a part, but for some. */
  async function keepOnly(part: Part, { variant, keys }: LoadedGraphs, kept: readonly string[]): Promise<void> {
    loaded.set(part, { variant, keys: kept });
    for (const old of keys) if (!kept.includes(old)) await runtime.unload(old);
  }

  /** Loads a graph, and unloads those that it replaces. */
  async function load(part: Part, key: string, variant: Variant, draft: () => GraphDraft, signal?: AbortSignal) {
    const before = loaded.get(part) ?? { variant, keys: [] };
    if (before.variant === variant && before.keys.includes(key)) return;
    for (const [other, graphs] of loaded) {
      if (graphs.variant.checkpoint !== variant.checkpoint) await keepOnly(other, graphs, []);
    }
    const same = before.variant === variant ? before.keys : [];
    const kept = same.slice(Math.max(0, same.length + 1 - MAX_LOADED_SHAPES[part]));
    await keepOnly(part, before, kept);
    loaded.set(part, { variant, keys: kept });
    await runtime.load(key, finishGraph(draft()), signal);
    loaded.set(part, { variant, keys: [...kept, key] });
  }

  const createVariant = (variant: Variant, safe: Model | null): Model => ({
    checkpoint: variant.checkpoint,
    runtime,
    safe,
    lowMemory,
    withComponentsOf: modelOf,
    async run(part, shape, build, feeds, signal, slot) {
      const key = [variant.quality, part, shape].filter((word, i) => i > 0 || word !== '').join(' ');
      await load(part, key, variant, () => build({ createEmitter: variant.emitter }), signal);
      const { [SUM_OUTPUT]: sum, ...outputs } = await runtime.run(key, feeds, signal, slot);
      if (sum && !Number.isFinite(Number(sum.data[0]))) {
        onNotFinite?.(part, safe !== null);
        throw new NotFiniteError(part);
      }
      return outputs;
    },
    [Symbol.asyncDispose]: () => runtime.close(),
  });

  const models = new Map<string, Model>();
  function modelOf(quality: string): Model {
    const known = models.get(quality);
    if (known) return known;
    const own = { checkpoint: withComponentsOf(checkpoint, quality), quality };
    const safe = safeEmitter && createVariant({ ...own, emitter: safeEmitter }, null);
    const model = createVariant({ ...own, emitter: createEmitter }, safe);
    models.set(quality, model);
    return model;
  }
  return modelOf('');
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
