import { elements, viewModel } from '@cinematica/svd/internal';
import type { NodeView, TensorView } from '@cinematica/svd/internal';

/** What one operator of a graph comes to, all its nodes together. */
export interface OperatorCost {
  readonly operator: string;
  readonly nodes: number;
  /** Of products and convolutions; a multiplication and an addition are two. */
  readonly flops: number;
  /** Read and written, each tensor once a node. */
  readonly bytes: number;
  readonly seconds: number;
}

/** What a device reaches: floating-point operations and bytes, a second. */
export interface DeviceRates {
  readonly flops: number;
  readonly bytes: number;
}

const BYTES: Readonly<Record<string, number>> = { float16: 2, float32: 4, int64: 8, uint8: 1 };

/** No kernel is started for these. */
const FREE: ReadonlySet<string> = new Set(['Reshape', 'Identity']);

/**
 * The cost of one run of a finished model, by operator, the dearest first: each node takes as long as its arithmetic or
 * its memory traffic does at the device's rates, whichever is longer. What follows from weights alone is left out: it is
 * computed when the graph is loaded.
 */
export function roofline(model: Uint8Array, rates: DeviceRates): OperatorCost[] {
  const { nodes, initializers } = viewModel(model);
  const constant = new Set(initializers.map(({ name }) => name));
  const costs = new Map<string, OperatorCost>();
  for (const node of nodes) {
    const [inputs, outputs] = [tensors(node.inputs), tensors(node.outputs)];
    if (inputs.every(({ name }) => constant.has(name))) {
      for (const { name } of outputs) constant.add(name);
      continue;
    }
    if (FREE.has(node.opType)) continue;
    const flops = flopsOf(node, inputs, outputs);
    const bytes = [...inputs, ...outputs].reduce(
      (sum, { type, shape }) => sum + elements(shape) * (BYTES[type] ?? 0),
      0,
    );
    const before = costs.get(node.opType) ?? { operator: node.opType, nodes: 0, flops: 0, bytes: 0, seconds: 0 };
    costs.set(node.opType, {
      operator: node.opType,
      nodes: before.nodes + 1,
      flops: before.flops + flops,
      bytes: before.bytes + bytes,
      seconds: before.seconds + Math.max(flops / rates.flops, bytes / rates.bytes),
    });
  }
  return [...costs.values()].toSorted((a, b) => b.seconds - a.seconds);
}

/** All operators' sum. */
export const total = (costs: readonly OperatorCost[], of: 'flops' | 'bytes' | 'seconds' | 'nodes'): number =>
  costs.reduce((sum, cost) => sum + cost[of], 0);

const tensors = (list: NodeView['inputs']): TensorView[] => list.filter((tensor) => typeof tensor === 'object');

function flopsOf({ opType }: NodeView, inputs: readonly TensorView[], outputs: readonly TensorView[]): number {
  const made = elements(outputs[0]?.shape ?? []);
  const weight = inputs[1]?.shape ?? [];
  switch (opType) {
    case 'Conv':
    case 'NhwcConv':
      return 2 * made * elements(weight.slice(1));
    case 'Gemm':
    case 'MatMul':
      return 2 * made * (weight[1] ?? 0);
    case 'MultiHeadAttention':
      return 4 * made * (weight[1] ?? 0);
    default:
      return 0;
  }
}
