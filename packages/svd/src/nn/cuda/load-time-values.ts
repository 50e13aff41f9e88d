import { broadcast } from '../../onnx/arithmetic.ts';
import type { Scope } from '../scope.ts';
import { storedTensor } from '../stored-tensor.ts';
import type { ElementType, GraphBuilder, Value } from '../../onnx/graph-builder.ts';
import type { TensorEntry } from '../../safetensors/weights.ts';

/** ONNX's numbers of the types that values are cast to. */
const CAST_TO: Readonly<Partial<Record<ElementType, number>>> = { float32: 1, uint8: 2, float16: 10 };

/**
 * Writes parameters, and values that depend only on parameters. ONNX Runtime computes those once on the CPU, when it loads
 * the graph. The CPU has no float16 arithmetic, so they are written in float32 and then cast.
 */
export function createLoadTimeValues(graph: GraphBuilder) {
  const f32 = (shape: readonly number[]) => ({ type: 'float32', shape }) as const;
  const casts = new Map<string, Value>();

  /** Casts a value to another type. Each cast is written once. */
  function cast(x: Value, type: ElementType): Value {
    if (x.type === type) return x;
    const key = `${type} ${x.name}`;
    const known = casts.get(key);
    if (known) return { ...known, shape: x.shape };
    const value = graph.node('Cast', [x], { type, shape: x.shape }, { attributes: { to: CAST_TO[type] ?? 0 } });
    casts.set(key, value);
    return value;
  }

  const binary = (op: string, a: Value, b: Value): Value =>
    graph.node(op, [cast(a, 'float32'), cast(b, 'float32')], f32(broadcast(a.shape, b.shape)));

  /** Returns rows `[from, to)` of a tensor with another shape, in its stored type. */
  const rows = (scope: Scope, entry: TensorEntry, shape: readonly number[], range?: readonly [number, number]): Value =>
    storedTensor(graph, scope, entry, shape, range);

  return {
    cast,
    rows,
    add: (a: Value, b: Value): Value => binary('Add', a, b),
    multiply: (a: Value, b: Value): Value => binary('Mul', a, b),
    subtract: (a: Value, b: Value): Value => binary('Sub', a, b),
    scalar: (value: number): Value => graph.constant(Float32Array.of(value), []),

    /** Returns a tensor of the checkpoint in its stored type, with the shape `as` if given. */
    stored: (scope: Scope, name: string, shape: readonly number[], as: readonly number[] = shape): Value =>
      rows(scope, scope.tensor(name, shape), as),

    /** sigmoid(x), or sigmoid(−x) with `negate`, in float32. */
    sigmoid(x: Value, negate: boolean): Value {
      const input = cast(x, 'float32');
      const argument = negate ? graph.node('Neg', [input], f32(x.shape)) : input;
      return graph.node('Sigmoid', [argument], f32(x.shape));
    },

    /** Transposes the weight of a convolution from `[out, in, kh, kw]` to `[out, kh, kw, in]`. */
    toNhwcWeight(weight: Value): Value {
      const [out = 1, input = 1, kh = 1, kw = 1] = weight.shape;
      const result = { type: weight.type, shape: [out, kh, kw, input] };
      return graph.node('Transpose', [weight], result, { attributes: { perm: [0, 2, 3, 1] } });
    },
  };
}

/** The result of {@link createLoadTimeValues}. */
export type LoadTimeValues = ReturnType<typeof createLoadTimeValues>;
