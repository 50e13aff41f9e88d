import type { CreateEmitter, GraphNeeds } from './emitter-for.ts';
import type { Emitter } from '../nn/emitter.ts';
import { withLoras } from '../lora/lora-emitter.ts';
import { GraphBuilder } from '../onnx/graph-builder.ts';
import type { Value } from '../onnx/graph-builder.ts';
import type { Graph } from '../runtime/graph-types.ts';
import type { Weights } from '../safetensors/weights.ts';
import { Scope } from '../nn/scope.ts';

/** A graph under construction, with the weights of one component of the checkpoint. */
export interface GraphDraft {
  readonly emitter: Emitter;
  readonly builder: GraphBuilder;
  /** The root of the component's tensors. */
  readonly root: Scope;
}

/** Options of every graph. */
export interface GraphOptions {
  readonly createEmitter: CreateEmitter;
  /** Shared by several graphs of a component, to find tensors that no graph uses. Default: a new root. */
  readonly root?: Scope;
}

/** Starts a graph with the weights of one component. */
export function beginGraph(
  name: string,
  weights: Weights,
  { createEmitter, root }: GraphOptions,
  needs: GraphNeeds = { float32: false },
): GraphDraft {
  const builder = new GraphBuilder(name);
  const emitter = createEmitter(builder, needs);
  return { emitter: weights.loras ? withLoras(emitter) : emitter, builder, root: root ?? Scope.root(weights) };
}

/** The name of the output that {@link outputSum} adds. */
export const SUM_OUTPUT = 'sum';

/**
 * Adds an output: the sum of all elements of a value, in float32. It is not finite if an element is not, so that the reader of
 * the graph's results does not have to look at each element. `Model.run` does this.
 */
export function outputSum({ emitter }: GraphDraft, value: Value): void {
  emitter.output(SUM_OUTPUT, emitter.sum(value));
}

/** Serialises a graph. Its initializers refer to files in the folder of the weights. */
export const finishGraph = ({ builder, emitter, root }: GraphDraft): Graph => ({
  bytes: builder.build({ shapes: !emitter.hidesShapes }),
  folder: root.folder,
});
