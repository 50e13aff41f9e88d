import { float } from '../../onnx/graph-builder.ts';
import type { Attribute, GraphBuilder, Value } from '../../onnx/graph-builder.ts';
import type { GroupNormOptions } from '../emitter.ts';
import type { FusedOperator } from '../fused-operators.ts';
import { CudaLimitError, MAX_ELEMENTS } from './limits.ts';
import type { FusedWriters, NormalizedSum, Result, WriteNode } from './fused-writers.ts';
import type { LoadTimeValues } from './load-time-values.ts';
import { createStandardOperators } from './standard-operators.ts';

/** The function that writes each fused operator. */
const WRITERS: Readonly<Record<FusedOperator, keyof FusedWriters>> = {
  NhwcConv: 'nhwcConv',
  GroupNorm: 'groupNorm',
  SkipGroupNorm: 'skipGroupNorm',
  SkipLayerNormalization: 'skipLayerNorm',
  BiasAdd: 'biasAdd',
  BiasSplitGelu: 'biasSplitGelu',
  MultiHeadAttention: 'attention',
};

const FUSED = 'com.microsoft';
const LIMIT = MAX_ELEMENTS.toLocaleString('en');

/**
 * Writes fused and plain operators for ONNX Runtime's CUDA provider. The functions throw a CudaLimitError when a result would
 * have more elements than the kernels support.
 * @param replaced the fused operators that are written with standard operators
 */
export function createOperators(graph: GraphBuilder, load: LoadTimeValues, replaced: ReadonlySet<FusedOperator>) {
  function check(opType: string, shape: readonly number[]): void {
    const count = shape.reduce((product, size) => product * size, 1);
    if (count <= MAX_ELEMENTS) return;
    const has = `${opType} over [${shape.join(', ')}] has ${count.toLocaleString('en')} elements`;
    throw new CudaLimitError(`${has}; the limit of CUDA's kernels is ${LIMIT}: use fewer frames or a smaller size`);
  }

  const node: WriteNode = (opType, inputs, result, options) => {
    check(opType, result.shape);
    return graph.node(opType, inputs, result, options);
  };

  const fused = (opType: string, inputs: readonly (Value | null)[], result: Result, attributes = {}) =>
    node(opType, inputs, result, { domain: FUSED, attributes });

  const normAttributes = ({ groups, eps, activation }: GroupNormOptions): Record<string, Attribute> => ({
    epsilon: float(eps),
    groups,
    activation: activation ? 1 : 0,
    channels_last: 1,
  });

  /** Writes a norm that also returns the sum, as output number `at`. That output is omitted if no node reads it. */
  function withSum(opType: string, inputs: readonly (Value | null)[], x: Value, at: number, attributes: Attributes) {
    check(opType, x.shape);
    const results = Array.from({ length: at + 1 }, (_, i) => (i === 0 || i === at ? x : null));
    const outputs = graph.nodeOf(opType, inputs, results, { domain: FUSED, attributes, dropUnread: true });
    const [normalized, sum] = [outputs[0], outputs[at]];
    if (!normalized || !sum) throw new RangeError(`${opType} has no output`);
    return { normalized, sum } satisfies NormalizedSum;
  }

  const fusedWriters: FusedWriters = {
    nhwcConv(x, weight, bias, { kernel, stride, pads }) {
      const [n = 1, h = 1, w = 1] = x.shape;
      const [kh, kw] = kernel;
      const [top, left, bottom, right] = pads;
      const height = Math.floor((h + top + bottom - kh) / stride) + 1;
      const width = Math.floor((w + left + right - kw) / stride) + 1;
      const shape = [n, height, width, weight.shape[0] ?? 1];
      const attributes = { kernel_shape: kernel, strides: [stride, stride], pads };
      return fused('NhwcConv', bias ? [x, weight, bias] : [x, weight], { type: x.type, shape }, attributes);
    },
    groupNorm: (x, gamma, beta, options) => fused('GroupNorm', [x, gamma, beta], x, normAttributes(options)),
    skipGroupNorm: (x, gamma, beta, skip, bias, options) =>
      withSum('SkipGroupNorm', [x, gamma, beta, skip, ...(bias ? [bias] : [])], x, 1, normAttributes(options)),
    skipLayerNorm: (x, skip, gamma, beta, bias, eps) =>
      withSum('SkipLayerNormalization', [x, skip, gamma, beta, ...(bias ? [bias] : [])], x, 3, { epsilon: float(eps) }),
    biasAdd: (x, bias, skip) => fused('BiasAdd', [x, bias, skip], x),
    biasSplitGelu(x, bias) {
      const shape = x.shape.map((size, i) => (i === x.shape.length - 1 ? size / 2 : size));
      return fused('BiasSplitGelu', [x, bias], { type: x.type, shape });
    },
    attention: (query, key, value, heads) =>
      fused('MultiHeadAttention', [query, key, value], query, { num_heads: heads }),
  };

  const standard: FusedWriters = createStandardOperators(graph, node, load, () => writers);
  const writers: FusedWriters = {
    ...fusedWriters,
    ...Object.fromEntries([...replaced].map((operator) => [WRITERS[operator], standard[WRITERS[operator]]])),
  };
  return {
    ...writers,
    node,
    /** GroupNorm for groups that the fused operator does not support. */
    plainGroupNorm: standard.groupNorm,
    /** The sum over all axes, which keep the size 1. */
    sum: (x: Value): Value => node('ReduceSum', [x], { type: x.type, shape: x.shape.map(() => 1) }),
  };
}

type Attributes = Readonly<Record<string, Attribute>>;

/** The result of {@link createOperators}. */
export type Operators = ReturnType<typeof createOperators>;
