import { relative } from 'node:path';
import { CheckpointError } from '../checkpoint/checkpoint-error.ts';
import type { ElementType, GraphBuilder, Value } from '../onnx/graph-builder.ts';
import type { TensorEntry } from '../safetensors/weights.ts';
import type { Scope } from './scope.ts';

const ELEMENT_TYPES: Readonly<Record<string, ElementType>> = {
  F16: 'float16',
  BF16: 'bfloat16',
  F32: 'float32',
  F64: 'float64',
};

/**
 * Writes rows `[from, to)` of a tensor with another shape, in its stored type. The bytes stay in the checkpoint's file.
 * @throws CheckpointError when the type is not supported
 */
export function storedTensor(
  graph: GraphBuilder,
  scope: Scope,
  entry: TensorEntry,
  shape: readonly number[],
  rows?: readonly [from: number, to: number],
): Value {
  const type = ELEMENT_TYPES[entry.dtype];
  if (!type)
    throw new CheckpointError(`${entry.file}: tensor "${entry.name}" is ${entry.dtype}, not a supported float type`);
  const rowBytes = entry.length / (entry.shape[0] ?? 1);
  const [from, to] = rows ?? [0, entry.shape[0] ?? 1];
  const name = [entry.name, ...(rows ? [`${from}:${to}`] : []), `[${shape.join()}]`].join(' ');
  const stored = graph.external(name, type, entry.transposed ? shape.toReversed() : shape, {
    location: relative(scope.folder, entry.file),
    offset: entry.offset + from * rowBytes,
    length: (to - from) * rowBytes,
  });
  return entry.transposed
    ? graph.node('Transpose', [stored], { type, shape }, { attributes: { perm: [1, 0] } })
    : stored;
}
