import type { TensorSpec } from '@cinematica/svd/internal';

/** Collects the tensors of a model layer by layer. */
export interface TensorList {
  readonly tensors: readonly TensorSpec[];
  /** Adds one tensor. */
  add(name: string, shape: readonly number[]): void;
  /** Adds a linear layer or a convolution: weight `[out, in, ...kernel]` and, by default, bias `[out]`. */
  layer(name: string, out: number, input: number, kernel?: readonly number[], bias?: boolean): void;
  /** Adds the weight and bias of a norm, `[channels]` each. */
  norm(name: string, channels: number): void;
}

/** Creates an empty list of fp16 tensors. */
export function createTensorList(): TensorList {
  const tensors: TensorSpec[] = [];
  const add = (name: string, shape: readonly number[]): void => void tensors.push({ name, dtype: 'F16', shape });
  return {
    tensors,
    add,
    layer: (name, out, input, kernel = [], bias = true) => {
      add(`${name}.weight`, [out, input, ...kernel]);
      if (bias) add(`${name}.bias`, [out]);
    },
    norm: (name, channels) => {
      add(`${name}.weight`, [channels]);
      add(`${name}.bias`, [channels]);
    },
  };
}
