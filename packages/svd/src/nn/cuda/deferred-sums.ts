/**
 * Deferred values of the CUDA emitter.
 *
 * ONNX Runtime's CUDA provider has operators that combine several steps: `SkipGroupNorm` adds a bias and a residual, then
 * normalises. To use them, the emitter must know which operation comes after a convolution before it writes the
 * addition. So the emitter does not write a sum immediately. It returns a *deferred value*: a `Value` with a type and a shape
 * whose name no node produces. A `WeakMap` connects it with a {@link DeferredSum}, which holds the terms of the sum.
 *
 * Example: a resnet computes `h = conv(x) + bias`, `y = groupNorm(h + residual)`, and later reads `h + residual` again.
 *
 * 1. `conv2d` writes nothing. It returns the deferred value `deferred_0` with the terms { product: conv(x), bias }.
 * 2. `add` writes nothing. It returns `deferred_1` with the terms { product: conv(x), bias, skip: residual }.
 * 3. `groupNorm` reads `deferred_1`. Now the emitter writes two nodes: `NhwcConv`, without its bias, and `SkipGroupNorm`,
 *    which takes the convolution, the bias and the residual. Its first output is `y`, its second output is the sum.
 * 4. The emitter stores the second output as the materialized value of `deferred_1`. A later reader uses it directly.
 *
 * If an operation that cannot use the terms had come at step 3, the emitter would have *materialized* the sum: it would
 * have written the convolution with its bias, and an `Add` of the residual. In both cases each product is computed once,
 * and a deferred value that nothing reads adds no node to the graph.
 *
 * `sums.ts` decides how a sum is written. This module only keeps track of the deferred values.
 */
import { elements } from '../../onnx/graph-builder.ts';
import type { Value } from '../../onnx/graph-builder.ts';

/** The terms of a sum. Maps and tokens have their channels last, so the sum has rows of channels: `[rows, c]`. */
export interface SumTerms {
  /** Writes a convolution or a matrix product, with the given bias `[c]` or without one. */
  readonly product: (bias: Value | null) => Value;
  /** `[c]`, float32, known when the graph is loaded. */
  readonly bias: Value | null;
  /** `[1 or batch, c]`: each vector is added to rows / batch consecutive rows. */
  readonly vector: Value | null;
  /** A residual with as many rows as the product. */
  readonly skip: Value | null;
}

/** A sum that may not be in the graph yet. */
export class DeferredSum {
  readonly terms: SumTerms;
  #productWithoutBias: Value | null = null;
  #materialized: Value | null = null;

  constructor(terms: SumTerms) {
    this.terms = terms;
  }

  /** The value of the sum in the graph, or null while the sum is deferred. */
  get materialized(): Value | null {
    return this.#materialized;
  }

  /** Records the value of the sum in the graph, and returns it. */
  materializeAs(sum: Value): Value {
    this.#materialized = sum;
    return sum;
  }

  /** The product without its bias. It is written on the first call. */
  productWithoutBias(): Value {
    return (this.#productWithoutBias ??= this.terms.product(null));
  }

  /** Whether the product without its bias is in the graph. */
  get hasProductWithoutBias(): boolean {
    return this.#productWithoutBias !== null;
  }
}

/** Creates deferred values, and finds the sums that they stand for. */
export function createDeferredSums() {
  const sums = new WeakMap<Value, DeferredSum>();
  let count = 0;

  const createValue = (sum: DeferredSum, { type, shape }: Pick<Value, 'type' | 'shape'>): Value => {
    const value: Value = { name: `deferred_${count++}`, type, shape };
    sums.set(value, sum);
    return value;
  };

  return {
    /** Creates a deferred value with the type and shape of `like`. */
    create: (terms: SumTerms, like: Pick<Value, 'type' | 'shape'>): Value => createValue(new DeferredSum(terms), like),
    /** Returns the sum of a deferred value, or undefined for a value that is in the graph. */
    find: (value: Value): DeferredSum | undefined => sums.get(value),
    /** Returns a deferred value of the same sum with another shape, or undefined if the rows would change. */
    reshape(value: Value, shape: readonly number[]): Value | undefined {
      const sum = sums.get(value);
      if (!sum || value.shape.at(-1) !== shape.at(-1) || elements(value.shape) !== elements(shape)) return undefined;
      return createValue(sum, { type: value.type, shape });
    },
  };
}
