import type { GraphBuilder } from '../onnx/graph-builder.ts';
import type { ExecutionProvider } from '../runtime/execution-provider.ts';
import { createCudaEmitter } from '../nn/cuda/cuda-emitter.ts';
import type { Emitter } from '../nn/emitter.ts';
import { createReferenceEmitter } from '../nn/reference-emitter.ts';
import { blockwiseAttention, fusedAttention } from '../nn/write-attention.ts';

/** What a graph asks of whoever writes it. */
export interface GraphNeeds {
  /** Whether half the precision is too little for it. */
  readonly float32: boolean;
}

/** Starts writing into a graph, in the layout and precision that suit where it will run. */
export type CreateEmitter = (graph: GraphBuilder, needs: GraphNeeds) => Emitter;

/** The emitter for an execution provider. */
export function emitterFor(provider: ExecutionProvider): CreateEmitter {
  switch (provider) {
    case 'cuda':
    case 'tensorrt':
      return (graph, { float32 }) => createCudaEmitter(graph, { precision: float32 ? 'float32' : 'float16' });
    case 'webgpu':
      return (graph) => createReferenceEmitter(graph, blockwiseAttention);
    case 'coreml':
    case 'cpu':
      return (graph) => createReferenceEmitter(graph, fusedAttention);
  }
}
