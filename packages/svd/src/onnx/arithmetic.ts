import type { GraphBuilder, Value } from './graph-builder.ts';

/**
 * Returns the shape that two shapes broadcast to, by the rule of ONNX and NumPy.
 * @throws RangeError when they do not broadcast
 */
export function broadcast(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const x = a[a.length - rank + i] ?? 1;
    const y = b[b.length - rank + i] ?? 1;
    if (x !== y && x !== 1 && y !== 1) throw new RangeError(`shapes [${a.join()}] and [${b.join()}] do not broadcast`);
    return Math.max(x, y);
  });
}

/** Creates functions that write float32 arithmetic with broadcasting. */
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
