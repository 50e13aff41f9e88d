import type { Emitter } from '../nn/emitter.ts';
import { createReferenceEmitter } from '../nn/reference-emitter.ts';
import { GraphBuilder } from '../onnx/graph-builder.ts';
import type { Graph } from '../runtime/runtime.ts';
import type { Weights } from '../safetensors/weights.ts';
import { Scope } from '../nn/scope.ts';

/** A graph under construction over one component's weights. */
export interface Draft {
  readonly e: Emitter;
  readonly builder: GraphBuilder;
  readonly root: Scope;
}

/** Starts a graph over a component's weights. */
export function draft(name: string, weights: Weights, root = Scope.root(weights)): Draft {
  const builder = new GraphBuilder(name);
  return { e: createReferenceEmitter(builder), builder, root };
}

/** The finished graph and the folder that its initializers point into. */
export const finish = ({ builder, root }: Draft): Graph => ({ bytes: builder.build(), folder: root.folder });
