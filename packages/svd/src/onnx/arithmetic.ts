import type { GraphBuilder, Value } from './graph-builder.ts';

/** The shape that two shapes broadcast to, by ONNX's (NumPy's) rule. */
export function broadcast(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const x = a[a.length - rank + i] ?? 1;
    const y = b[b.length - rank + i] ?? 1;
    if (x !== y && x !== 1 && y !== 1) throw new RangeError(`shapes [${a.join()}] and [${b.join()}] don't broadcast`);
    return Math.max(x, y);
  });
}

/** Plain arithmetic on float32 values, with broadcasting. */
export function createArithmetic(graph: GraphBuilder) {
  const binary = (op: string) => (a: Value, b: Value) =>
    graph.node(op, [a, b], { type: 'float32', shape: broadcast(a.shape, b.shape) });
  return {
    add: binary('Add'),
    sub: binary('Sub'),
    mul: binary('Mul'),
    scalar: (value: number) => graph.constant(Float32Array.of(value), []),
  };
}
