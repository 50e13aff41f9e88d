import type { GraphBuilder } from '../onnx/graph-builder.ts';
import { onGpu } from '../runtime/execution-provider.ts';
import type { ExecutionProvider } from '../runtime/execution-provider.ts';
import { createCudaEmitter } from '../nn/cuda/cuda-emitter.ts';
import type { CudaEmitterOptions } from '../nn/cuda/cuda-emitter.ts';
import { LOW_MEMORY } from '../nn/cuda/limits.ts';
import type { Emitter } from '../nn/emitter.ts';
import { FUSED_OPERATORS, NONE_REPLACED } from '../nn/fused-operators.ts';
import type { FusedOperator } from '../nn/fused-operators.ts';
import { createReferenceEmitter } from '../nn/reference-emitter.ts';
import { blockwiseAttention, fusedAttention } from '../nn/write-attention.ts';

/** Requirements of a graph on its emitter. */
export interface GraphNeeds {
  /** Whether the graph must compute in float32, because float16 is not precise enough. */
  readonly float32: boolean;
}

/** Creates an emitter that writes into a graph. */
export type CreateEmitter = (graph: GraphBuilder, needs: GraphNeeds) => Emitter;

/** What the graphs of a device must do differently from those of the provider's usual devices. */
export interface EmitterChanges {
  /** The fused operators that are written with standard operators. Default: none. */
  readonly replaced?: ReadonlySet<FusedOperator>;
  /** Whether large results are computed in smaller pieces, which takes more memory traffic and less memory. Default false. */
  readonly lowMemory?: boolean;
}

/**
 * The emitter for results that were not finite: float32, where {@link emitterFor} uses float16. Its graphs need twice the
 * memory. Null if there is nothing safer.
 */
export function safeEmitterFor(provider: ExecutionProvider, changes: EmitterChanges = {}): CreateEmitter | null {
  if (!onGpu(provider)) return null;
  const options = cudaOptions(provider, changes);
  return (graph) => createCudaEmitter(graph, { ...options, precision: 'float32' });
}

/** Selects the emitter, and with it the layout and precision, for an execution provider. */
export function emitterFor(provider: ExecutionProvider, changes: EmitterChanges = {}): CreateEmitter {
  if (onGpu(provider)) {
    const options = cudaOptions(provider, changes);
    return (graph, { float32 }) => createCudaEmitter(graph, { ...options, precision: float32 ? 'float32' : 'float16' });
  }
  const { replaced = NONE_REPLACED } = changes;
  const attention = replaced.has('MultiHeadAttention') ? blockwiseAttention : fusedAttention;
  return (graph) => createReferenceEmitter(graph, attention);
}

/** The fused operators that the emitter of a provider writes. */
export const fusedOperatorsOf = (provider: ExecutionProvider): readonly FusedOperator[] =>
  onGpu(provider) ? FUSED_OPERATORS : ['MultiHeadAttention'];

const cudaOptions = (provider: ExecutionProvider, { replaced, lowMemory }: EmitterChanges): CudaEmitterOptions => ({
  // TensorRT builds its engines for known shapes.
  hidesShapes: provider === 'cuda',
  ...(replaced && { replaced }),
  ...(lowMemory && LOW_MEMORY),
});
