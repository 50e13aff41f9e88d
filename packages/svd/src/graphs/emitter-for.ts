import type { GraphBuilder } from '../onnx/graph-builder.ts';
import { onGpu } from '../runtime/execution-provider.ts';
import type { ExecutionProvider } from '../runtime/execution-provider.ts';
import { createCudaEmitter } from '../nn/cuda/cuda-emitter.ts';
import type { Emitter } from '../nn/emitter.ts';
import { createReferenceEmitter } from '../nn/reference-emitter.ts';
import { blockwiseAttention, fusedAttention } from '../nn/write-attention.ts';

/** Requirements of a graph on its emitter. */
export interface GraphNeeds {
  /** Whether the graph must compute in float32, because float16 is not precise enough. */
  readonly float32: boolean;
}

/** Creates an emitter that writes into a graph. */
export type CreateEmitter = (graph: GraphBuilder, needs: GraphNeeds) => Emitter;

/**
 * The emitter for results that were not finite: float32, where {@link emitterFor} uses float16. Its graphs need twice the
 * memory. Null if there is nothing safer.
 */
export function safeEmitterFor(provider: ExecutionProvider): CreateEmitter | null {
  if (!onGpu(provider)) return null;
  return (graph) => createCudaEmitter(graph, { precision: 'float32', hidesShapes: hidesShapes(provider) });
}

/** TensorRT builds its engines for known shapes. */
const hidesShapes = (provider: ExecutionProvider): boolean => provider === 'cuda';

/** Selects the emitter, and with it the layout and precision, for an execution provider. */
export function emitterFor(provider: ExecutionProvider): CreateEmitter {
  switch (provider) {
    case 'cuda':
    case 'tensorrt':
      return (graph, { float32 }) => {
        const precision = float32 ? 'float32' : 'float16';
        return createCudaEmitter(graph, { precision, hidesShapes: hidesShapes(provider) });
      };
    case 'webgpu':
      return (graph) => createReferenceEmitter(graph, blockwiseAttention);
    case 'coreml':
    case 'cpu':
      return (graph) => createReferenceEmitter(graph, fusedAttention);
  }
}
