import { elements } from '../../onnx/graph-builder.ts';
import type { Value } from '../../onnx/graph-builder.ts';

/** What a sum is made of. Maps and tokens have their channels last, so that it is one of rows `[rows, c]`. */
export interface Terms {
  /** Writes a convolution or a matrix product, with a bias `[c]` or without one. */
  readonly product: (bias: Value | null) => Value;
  /** `[c]`, float32, known when the graph is loaded. */
  readonly bias: Value | null;
  /** One vector for each equal share of the rows, `[1 or batch, c]`. */
  readonly vector: Value | null;
  /** As many rows as the product has. */
  readonly skip: Value | null;
}

/** A sum that is not in the graph yet: a norm that comes next takes its terms in, and writes it beside its result. */
export class PendingSum {
  readonly terms: Terms;
  #product: Value | null = null;
  #written: Value | null = null;

  constructor(terms: Terms) {
    this.terms = terms;
  }

  /** The sum, once somebody wrote it. */
  get written(): Value | null {
    return this.#written;
  }

  settle(sum: Value): Value {
    this.#written = sum;
    return sum;
  }

  /** The product alone; the same one every time. */
  bare(): Value {
    return (this.#product ??= this.terms.product(null));
  }

  /** Whether the product is in the graph without its bias. */
  get bareWritten(): boolean {
    return this.#product !== null;
  }
}

/**
 * Values that stand for pending sums: they have a type and a shape and can be seen with other shapes, but no node makes
 * them until somebody needs the sum itself.
 */
export function createPendingSums() {
  const sums = new WeakMap<Value, PendingSum>();
  let count = 0;

  const standFor = (sum: PendingSum, like: Pick<Value, 'type' | 'shape'>): Value => {
    const value: Value = { name: `unwritten_${count++}`, type: like.type, shape: like.shape };
    sums.set(value, sum);
    return value;
  };

  return {
    standFor,
    make: (terms: Terms, like: Pick<Value, 'type' | 'shape'>): Value => standFor(new PendingSum(terms), like),
    /** What a value stands for; nothing where it is in the graph. */
    of: (value: Value): PendingSum | undefined => sums.get(value),
    /** The same sum with another shape, where its rows stay rows. */
    seenAs(value: Value, shape: readonly number[]): Value | undefined {
      const sum = sums.get(value);
      if (!sum || value.shape.at(-1) !== shape.at(-1) || elements(value.shape) !== elements(shape)) return undefined;
      return standFor(sum, { type: value.type, shape });
    },
  };
}
