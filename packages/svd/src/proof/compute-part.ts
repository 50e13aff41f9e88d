import type { CreateEmitter } from '../graphs/emitter-for.ts';
import { finishGraph } from '../graphs/graph.ts';
import type { GraphDraft, GraphOptions } from '../graphs/graph.ts';
import { elements } from '../onnx/graph-builder.ts';
import type { GraphBuilder } from '../onnx/graph-builder.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Tensor } from '../runtime/tensor.ts';
import { counterValues } from './counter-weights.ts';

/** What a proof needs of a runtime. */
export type Computer = Pick<Runtime, 'provider' | 'load' | 'run' | 'unload'>;

const KEY = 'proof';

/** Inputs of a graph that are made up from a counter. */
export const feedsOf = ({ inputs }: GraphBuilder): Record<string, Tensor> =>
  Object.fromEntries(
    inputs.map(({ name, shape }, index): [string, Tensor] => {
      // With scalars of 1, the latents and the prediction have equal shares in the result of a step.
      const data = shape.length === 1 ? Float32Array.of(1) : counterValues(elements(shape), index + 2);
      return [name, { type: 'float32', dims: shape, data }];
    }),
  );

/** Computes the outputs of a graph for inputs that are made up. */
export async function computePart(
  computer: Computer,
  draft: (options: GraphOptions) => GraphDraft,
  createEmitter: CreateEmitter,
  signal?: AbortSignal,
): Promise<Record<string, Tensor>> {
  const graph = draft({ createEmitter });
  await computer.load(KEY, finishGraph(graph), signal);
  return computer.run(KEY, feedsOf(graph.builder), signal);
}

/** Ends the process that computed. */
export const endProof = (computer: Computer): Promise<void> => computer.unload(KEY);
