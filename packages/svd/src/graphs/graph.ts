import type { CreateEmitter, GraphNeeds } from './emitter-for.ts';
import type { Emitter } from '../nn/emitter.ts';
import { GraphBuilder } from '../onnx/graph-builder.ts';
import type { Graph } from '../runtime/graph-types.ts';
import type { Weights } from '../safetensors/weights.ts';
import { Scope } from '../nn/scope.ts';

/** A graph under construction over one component's weights. */
export interface Draft {
  readonly e: Emitter;
  readonly builder: GraphBuilder;
  readonly root: Scope;
}

/** What every graph is drawn with: the emitter, and one root for all graphs over a component, to see what is left over. */
export interface DraftOptions {
  readonly createEmitter: CreateEmitter;
  readonly root?: Scope;
}

/** Starts a graph over a component's weights. */
export function draft(
  name: string,
  weights: Weights,
  { createEmitter, root }: DraftOptions,
  needs: GraphNeeds = { float32: false },
): Draft {
  const builder = new GraphBuilder(name);
  return { e: createEmitter(builder, needs), builder, root: root ?? Scope.root(weights) };
}

/** The finished graph and the folder that its initializers point into. */
export const finish = ({ builder, root }: Draft): Graph => ({ bytes: builder.build(), folder: root.folder });
