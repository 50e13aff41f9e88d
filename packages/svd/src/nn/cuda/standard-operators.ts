import { broadcast } from '../../onnx/arithmetic.ts';
import { float } from '../../onnx/graph-builder.ts';
import type { GraphBuilder, Value } from '../../onnx/graph-builder.ts';
import type { GroupNormOptions } from '../emitter.ts';
import { blockwiseAttention } from '../write-attention.ts';
import type { LoadTimeValues } from './load-time-values.ts';
import type { FusedWriters, WriteNode } from './fused-writers.ts';

/** Scores of an attention that are computed at a time: 256 MiB in float16. */
const MAX_SCORES = 2 ** 27;

/**
 * Writes the fused operators of the CUDA provider with standard operators, with the same inputs and results.
 * @param writers what a norm with a sum is written with: the fused norm, unless that is replaced, too
 */
export function createStandardOperators(
  graph: GraphBuilder,
  node: WriteNode,
  load: LoadTimeValues,
  writers: () => Pick<FusedWriters, 'groupNorm'>,
): FusedWriters {
  const int64 = (values: readonly number[]) => graph.constant(BigInt64Array.from(values, BigInt));
  const binary = (op: string, a: Value, b: Value) =>
    node(op, [a, b], { type: a.type, shape: broadcast(a.shape, b.shape) });
  const add = (a: Value, b: Value) => binary('Add', a, b);
  const reshape = (x: Value, shape: readonly number[]) => node('Reshape', [x, int64(shape)], { type: x.type, shape });
  const transpose = (x: Value, perm: readonly number[]) => {
    const shape = perm.map((axis) => x.shape[axis] ?? 1);
    return node('Transpose', [x], { type: x.type, shape }, { attributes: { perm } });
  };
  const attributesOf = (eps: number) => ({ epsilon: float(eps) });

  return {
    nhwcConv(x, weight, bias, { kernel, stride, pads }) {
      const inputs = [transpose(x, [0, 3, 1, 2]), transpose(weight, [0, 3, 1, 2]), ...(bias ? [bias] : [])];
      const [n = 1, , h = 1, w = 1] = inputs[0]?.shape ?? [];
      const [top, left, bottom, right] = pads;
      const height = Math.floor((h + top + bottom - kernel[0]) / stride) + 1;
      const width = Math.floor((w + left + right - kernel[1]) / stride) + 1;
      const result = { type: x.type, shape: [n, weight.shape[0] ?? 1, height, width] };
      const attributes = { kernel_shape: kernel, strides: [stride, stride], pads };
      return transpose(node('Conv', inputs, result, { attributes }), [0, 2, 3, 1]);
    },

    // InstanceNormalization in float32, channels first.
    groupNorm(x, gamma, beta, { groups, eps, activation }: GroupNormOptions) {
      const [n = 1, h = 1, w = 1, c = 1] = x.shape;
      const ones = graph.constant(new Float32Array(groups).fill(1));
      const zeros = graph.constant(new Float32Array(groups));
      const grouped = reshape(transpose(load.cast(x, 'float32'), [0, 3, 1, 2]), [n, groups, (c / groups) * h * w]);
      const normal = node('InstanceNormalization', [grouped, ones, zeros], grouped, { attributes: attributesOf(eps) });
      const last = transpose(reshape(normal, [n, c, h, w]), [0, 2, 3, 1]);
      const y = load.cast(add(binary('Mul', last, gamma), beta), x.type);
      return activation ? binary('Mul', y, node('Sigmoid', [y], y)) : y;
    },

    skipGroupNorm(x, gamma, beta, skip, bias, options) {
      const [n = 1, , , c = 1] = x.shape;
      const apart = skip.shape.length === 2 ? reshape(skip, [n, 1, 1, c]) : skip;
      const sum = add(bias ? add(x, bias) : x, apart);
      return { normalized: writers().groupNorm(sum, gamma, beta, options), sum };
    },

    // ONNX Runtime would fuse a sum of three dimensions with the norm again, so the sum has four.
    skipLayerNorm(x, skip, gamma, beta, bias, eps) {
      const flat = (value: Value) => reshape(value, [1, ...x.shape]);
      const total = add(flat(bias ? add(x, bias) : x), flat(skip));
      const attributes = { axis: -1, ...attributesOf(eps) };
      const normalized = node('LayerNormalization', [total, gamma, beta], total, { attributes });
      return { normalized: reshape(normalized, x.shape), sum: reshape(total, x.shape) };
    },

    biasAdd: (x, bias, skip) => add(add(x, bias), skip),

    biasSplitGelu(x, bias) {
      const axis = x.shape.length - 1;
      const width = (x.shape[axis] ?? 2) / 2;
      const sum = add(x, bias);
      const half = (from: number) =>
        node('Slice', [sum, int64([from]), int64([from + width]), int64([axis])], {
          type: x.type,
          shape: [...x.shape.slice(0, -1), width],
        });
      const gate = half(width);
      return binary('Mul', half(0), node('Gelu', [gate], gate));
    },

    attention: (query, key, value, heads) => blockwiseAttention(graph, query, key, value, heads, MAX_SCORES),
  };
}
