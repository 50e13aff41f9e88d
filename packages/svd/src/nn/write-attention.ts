import type { GraphBuilder, Value } from '../onnx/graph-builder.ts';

/** Writes scaled dot-product attention over tokens `[n, s, heads·d]`. */
export type WriteAttention = (graph: GraphBuilder, query: Value, key: Value, value: Value, heads: number) => Value;

/** ONNX Runtime's fused operator. On CPU and CUDA it does not keep the attention matrix in memory. */
export const fusedAttention: WriteAttention = (graph, query, key, value, heads) =>
  graph.node('MultiHeadAttention', [query, key, value], query, {
    domain: 'com.microsoft',
    attributes: { num_heads: heads },
  });

/** ONNX's number of the type. */
const FLOAT16 = 10;

/** Maximum number of attention scores that {@link blockwiseAttention} computes at a time: 64 MiB in float32. */
const MAX_SCORES = 2 ** 24;

/**
 * Attention with standard operators, for blocks of queries, so that the scores of a block stay small. It is for devices on
 * which the fused operator gives wrong numbers: on WebGPU, that of ONNX Runtime 1.30 has errors of 1e-2 where the subgroup size
 * is 4 (SwiftShader).
 * @param maxScores scores that are computed at a time
 */
export function blockwiseAttention(
  graph: GraphBuilder,
  query: Value,
  key: Value,
  value: Value,
  heads: number,
  maxScores: number = MAX_SCORES,
): Value {
  const [n = 1, length = 1, width = 1] = query.shape;
  const keys = key.shape[1] ?? 1;
  const size = width / heads;
  const int64 = (...values: number[]) => graph.constant(BigInt64Array.from(values, BigInt));
  const { type } = query;
  const like = (...shape: number[]) => ({ type, shape });
  const split = (x: Value, perm: readonly number[]) => {
    const rows = x.shape[1] ?? 1;
    const apart = graph.node('Reshape', [x, int64(n, rows, heads, size)], like(n, rows, heads, size));
    const shape = perm.map((axis) => apart.shape[axis] ?? 1);
    return graph.node('Transpose', [apart], like(...shape), { attributes: { perm } });
  };
  const factor = graph.constant(Float32Array.of(size ** -0.5), []);
  const scale = type === 'float32' ? factor : graph.node('Cast', [factor], like(), { attributes: { to: FLOAT16 } });
  const q = graph.node('Mul', [split(query, [0, 2, 1, 3]), scale], like(n, heads, length, size));
  const k = split(key, [0, 2, 3, 1]);
  const v = split(value, [0, 2, 1, 3]);
  const block = Math.max(1, Math.min(length, Math.floor(maxScores / (n * heads * keys))));
  const parts: Value[] = [];
  for (let from = 0; from < length; from += block) {
    const rows = Math.min(block, length - from);
    const some = rows === length ? q : slice(graph, q, from, rows);
    const scores = graph.node('MatMul', [some, k], like(n, heads, rows, keys));
    const weights = graph.node('Softmax', [scores], scores, { attributes: { axis: -1 } });
    parts.push(graph.node('MatMul', [weights, v], like(n, heads, rows, size)));
  }
  const all = like(n, heads, length, size);
  const joined = parts.length > 1 ? graph.node('Concat', parts, all, { attributes: { axis: 2 } }) : parts[0];
  if (!joined) throw new RangeError('attention needs at least one query');
  const back = graph.node('Transpose', [joined], like(n, length, heads, size), { attributes: { perm: [0, 2, 1, 3] } });
  return graph.node('Reshape', [back, int64(n, length, width)], like(n, length, width));
}

/** Returns `rows` rows of `[n, heads, s, d]`, starting with `from`. */
function slice(graph: GraphBuilder, x: Value, from: number, rows: number): Value {
  const int64 = (value: number) => graph.constant(BigInt64Array.of(BigInt(value)));
  const [n = 1, heads = 1, , size = 1] = x.shape;
  const shape = [n, heads, rows, size];
  return graph.node('Slice', [x, int64(from), int64(from + rows), int64(2)], { type: x.type, shape });
}
