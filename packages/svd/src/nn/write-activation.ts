import type { Value } from '../onnx/graph-builder.ts';
import type { Activation } from './emitter.ts';

/** Functions of an emitter that write one operator in its precision. */
export interface WriteOperators {
  readonly unary: (operator: string, x: Value, attributes?: Readonly<Record<string, string>>) => Value;
  readonly binary: (operator: string, a: Value, b: Value) => Value;
  readonly scalar: (value: number) => Value;
}

/** Writes an activation with standard operators. ONNX Runtime fuses them where it has a kernel. */
export function writeActivation({ unary, binary, scalar }: WriteOperators, x: Value, kind: Activation): Value {
  switch (kind) {
    case 'silu':
      return binary('Mul', x, unary('Sigmoid', x));
    case 'gelu':
      return unary('Gelu', x);
    case 'gelu_tanh':
      return unary('Gelu', x, { approximate: 'tanh' });
    case 'quick_gelu':
      return binary('Mul', x, unary('Sigmoid', binary('Mul', x, scalar(1.702))));
    case 'relu':
      return unary('Relu', x);
    case 'mish':
      return binary('Mul', x, unary('Tanh', unary('Softplus', x)));
  }
}
