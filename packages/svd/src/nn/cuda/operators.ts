import { float } from '../../onnx/graph-builder.ts';
import type { Attribute, GraphBuilder, NodeOptions, Value } from '../../onnx/graph-builder.ts';
import type { GroupNormOptions } from '../emitter.ts';
import { CudaLimitError, MOST_ELEMENTS } from './limits.ts';

export interface NhwcConvOptions {
  readonly kernel: readonly [number, number];
  readonly stride: number;
  /** Top, left, bottom, right. */
  readonly pads: readonly [number, number, number, number];
}

/** A normalised value, and what was normalised. */
export interface NormalizedSum {
  readonly normalized: Value;
  readonly sum: Value;
}

const FUSED = 'com.microsoft';
const MOST = MOST_ELEMENTS.toLocaleString('en');

/**
 * Writes ONNX Runtime's fused operators as its CUDA provider takes them, and plain ones beside them. Maps are
 * `[n, h, w, c]`.
 * @throws CudaLimitError where a result would have more elements than the kernels count.
 */
export function createOperators(graph: GraphBuilder) {
  function check(opType: string, shape: readonly number[]): void {
    const count = shape.reduce((product, size) => product * size, 1);
    if (count <= MOST_ELEMENTS) return;
    const has = `${opType} over [${shape.join(', ')}] has ${count.toLocaleString('en')} elements`;
    throw new CudaLimitError(`${has}, and CUDA's kernels count to ${MOST}: take fewer frames or a smaller picture`);
  }

  function node(opType: string, inputs: readonly (Value | null)[], result: Result, options?: NodeOptions): Value {
    check(opType, result.shape);
    return graph.node(opType, inputs, result, options);
  }

  const fused = (opType: string, inputs: readonly (Value | null)[], result: Result, attributes = {}) =>
    node(opType, inputs, result, { domain: FUSED, attributes });

  const normAttributes = ({ groups, eps, activation }: GroupNormOptions): Record<string, Attribute> => ({
    epsilon: float(eps),
    groups,
    activation: activation ? 1 : 0,
    channels_last: 1,
  });

  /** Two outputs, the second of which is left out of the graph where nobody reads it. */
  function withSum(opType: string, inputs: readonly (Value | null)[], x: Value, at: number, attributes: Attributes) {
    check(opType, x.shape);
    const results = Array.from({ length: at + 1 }, (_, i) => (i === 0 || i === at ? x : null));
    const outputs = graph.nodeOf(opType, inputs, results, { domain: FUSED, attributes, dropUnread: true });
    const [normalized, sum] = [outputs[0], outputs[at]];
    if (!normalized || !sum) throw new RangeError(`${opType} made no output`);
    return { normalized, sum } satisfies NormalizedSum;
  }

  return {
    node,

    /** @param weight `[out, kh, kw, in]`. It must be known when the graph is loaded, or its layout is misread. */
    nhwcConv(x: Value, weight: Value, bias: Value | null, { kernel, stride, pads }: NhwcConvOptions): Value {
      const [n = 1, h = 1, w = 1] = x.shape;
      const [kh, kw] = kernel;
      const [top, left, bottom, right] = pads;
      const height = Math.floor((h + top + bottom - kh) / stride) + 1;
      const width = Math.floor((w + left + right - kw) / stride) + 1;
      const shape = [n, height, width, weight.shape[0] ?? 1];
      const attributes = { kernel_shape: kernel, strides: [stride, stride], pads };
      return fused('NhwcConv', bias ? [x, weight, bias] : [x, weight], { type: x.type, shape }, attributes);
    },

    /** @param gamma and `beta`: float32 in either precision. */
    groupNorm: (x: Value, gamma: Value, beta: Value, options: GroupNormOptions): Value =>
      fused('GroupNorm', [x, gamma, beta], x, normAttributes(options)),

    /** GroupNorm of `x + skip + bias`. @param skip as `x`, or one vector for each of its maps, `[n, c]`. */
    skipGroupNorm: (x: Value, gamma: Value, beta: Value, skip: Value, bias: Value | null, options: GroupNormOptions) =>
      withSum('SkipGroupNorm', [x, gamma, beta, skip, ...(bias ? [bias] : [])], x, 1, normAttributes(options)),

    /** LayerNormalization of `x + skip + bias`, over `[n, s, c]`. */
    skipLayerNorm: (x: Value, skip: Value, gamma: Value, beta: Value, bias: Value | null, eps: number) =>
      withSum('SkipLayerNormalization', [x, skip, gamma, beta, ...(bias ? [bias] : [])], x, 3, { epsilon: float(eps) }),

    /** `x + bias + skip` over `[n, s, c]`. */
    biasAdd: (x: Value, bias: Value, skip: Value): Value => fused('BiasAdd', [x, bias, skip], x),

    /** `value · gelu(gate)` of `x + bias`, whose last axis holds value, then gate: `[n, s, 2c]` to `[n, s, c]`. */
    biasSplitGelu(x: Value, bias: Value): Value {
      const shape = x.shape.map((size, i) => (i === x.shape.length - 1 ? size / 2 : size));
      return fused('BiasSplitGelu', [x, bias], { type: x.type, shape });
    },

    attention: (query: Value, key: Value, value: Value, heads: number): Value =>
      fused('MultiHeadAttention', [query, key, value], query, { num_heads: heads }),
  };
}

type Result = Pick<Value, 'type' | 'shape'>;
type Attributes = Readonly<Record<string, Attribute>>;

/** {@link createOperators}' result. */
export type Operators = ReturnType<typeof createOperators>;
