import { relative } from 'node:path';
import { broadcast } from '../../onnx/arithmetic.ts';
import { CheckpointError } from '../../checkpoint/checkpoint-error.ts';
import type { Scope } from '../scope.ts';
import type { ElementType, GraphBuilder, Value } from '../../onnx/graph-builder.ts';
import type { TensorEntry } from '../../safetensors/weights.ts';

const STORED: Readonly<Record<string, ElementType>> = {
  F16: 'float16',
  BF16: 'bfloat16',
  F32: 'float32',
  F64: 'float64',
};

/** ONNX's numbers for the types that values are cast to. */
const CAST_TO: Readonly<Partial<Record<ElementType, number>>> = { float32: 1, uint8: 2, float16: 10 };

/**
 * Parameters, and what is computed from them alone. ONNX Runtime folds that once, when it loads the graph, on the CPU:
 * so it is written in float32 (the CPU has no float16 arithmetic) and cast behind.
 */
export function createLoadTimeValues(graph: GraphBuilder) {
  const f32 = (shape: readonly number[]) => ({ type: 'float32', shape }) as const;
  const casts = new Map<string, Value>();

  /** A value in another type; once for each value and type. */
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

  /** Rows `[from, to)` of a stored tensor, seen with another shape, as they are stored. */
  function rows(scope: Scope, entry: TensorEntry, shape: readonly number[], range?: readonly [number, number]): Value {
    const type = STORED[entry.dtype];
    if (!type) throw new CheckpointError(`${entry.file}: tensor "${entry.name}" is ${entry.dtype}, not a float type`);
    const rowBytes = entry.length / (entry.shape[0] ?? 1);
    const [from, to] = range ?? [0, entry.shape[0] ?? 1];
    const name = [entry.name, ...(range ? [`${from}:${to}`] : []), `[${shape.join()}]`].join(' ');
    return graph.external(name, type, shape, {
      location: relative(scope.folder, entry.file),
      offset: entry.offset + from * rowBytes,
      length: (to - from) * rowBytes,
    });
  }

  return {
    cast,
    rows,
    add: (a: Value, b: Value): Value => binary('Add', a, b),
    multiply: (a: Value, b: Value): Value => binary('Mul', a, b),
    subtract: (a: Value, b: Value): Value => binary('Sub', a, b),
    scalar: (value: number): Value => graph.constant(Float32Array.of(value), []),

    /** A stored tensor, seen with another shape where one is given. */
    stored: (scope: Scope, name: string, shape: readonly number[], as: readonly number[] = shape): Value =>
      rows(scope, scope.tensor(name, shape), as),

    /** The logistic function, in float32. */
    sigmoid(x: Value, negate: boolean): Value {
      const input = cast(x, 'float32');
      const argument = negate ? graph.node('Neg', [input], f32(x.shape)) : input;
      return graph.node('Sigmoid', [argument], f32(x.shape));
    },

    /** A kernel `[out, in, kh, kw]` to `[out, kh, kw, in]`. One of a single element lies so already. */
    outputsLast(weight: Value): Value {
      const [out = 1, input = 1, kh = 1, kw = 1] = weight.shape;
      const result = { type: weight.type, shape: [out, kh, kw, input] };
      return graph.node('Transpose', [weight], result, { attributes: { perm: [0, 2, 3, 1] } });
    },
  };
}

/** {@link createLoadTimeValues}' result. */
export type LoadTimeValues = ReturnType<typeof createLoadTimeValues>;
