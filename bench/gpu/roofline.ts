import { elements, viewModel } from '@cinematica/svd/internal';
import type { NodeView, TensorView } from '@cinematica/svd/internal';

/** The cost of all nodes with one operator. */
export interface OperatorCost {
  readonly operator: string;
  readonly nodes: number;
  /** Floating-point operations of matrix products and convolutions; a multiply-add counts as two. */
  readonly flops: number;
  /** Bytes read and written; each tensor counts once per node. */
  readonly bytes: number;
  readonly seconds: number;
}

/** The rates of a device: floating-point operations and bytes per second. */
export interface DeviceRates {
  readonly flops: number;
  readonly bytes: number;
}

const BYTES: Readonly<Record<string, number>> = { float16: 2, float32: 4, int64: 8, uint8: 1 };

/** Operators without a kernel launch. */
const FREE: ReadonlySet<string> = new Set(['Reshape', 'Identity']);

/**
 * Predicts the cost of one run of a finished model by operator, most expensive first. The time of a node is that of its
 * arithmetic or of its memory traffic, whichever is longer. Nodes that depend only on weights are excluded, because they are
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

/** The sum over all operators. */
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
