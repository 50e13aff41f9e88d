import type { GraphBuilder } from '../onnx/graph-builder.ts';
import type { ExecutionProvider } from '../runtime/execution-provider.ts';
import type { Emitter } from './emitter.ts';
import { createReferenceEmitter } from './reference-emitter.ts';
import { blockwiseAttention, fusedAttention } from './write-attention.ts';

/** Starts writing into a graph, in the layout and precision that suit where it will run. */
export type CreateEmitter = (graph: GraphBuilder) => Emitter;

/** The emitter for an execution provider. */
export function emitterFor(provider: ExecutionProvider): CreateEmitter {
  return (graph) => createReferenceEmitter(graph, provider === 'webgpu' ? blockwiseAttention : fusedAttention);
}
