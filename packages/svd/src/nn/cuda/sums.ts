import { broadcast } from '../../onnx/arithmetic.ts';
import { elements } from '../../onnx/graph-builder.ts';
import type { ElementType, GraphBuilder, Value } from '../../onnx/graph-builder.ts';
import type { GroupNormOptions } from '../emitter.ts';
import { takesBiasAdd } from './limits.ts';
import type { LoadTimeValues } from './load-time-values.ts';
import type { NormalizedSum, Operators } from './operators.ts';
import { createPendingSums } from './pending-sums.ts';
import type { PendingSum, Terms } from './pending-sums.ts';

/**
 * Sums of products, biases, vectors and residuals, each written where it costs least: inside the norm that reads it
 * (SkipGroupNorm, SkipLayerNormalization), as one BiasAdd, or, where nothing else takes it, by plain additions.
 * @param type the precision that the graph computes in.
 */
export function createSums(graph: GraphBuilder, type: ElementType, write: Operators, load: LoadTimeValues) {
  const pending = createPendingSums();
  const int64 = (shape: readonly number[]) => graph.constant(BigInt64Array.from(shape, BigInt));
  const binary = (op: string, a: Value, b: Value) => {
    return write.node(op, [a, b], { type, shape: broadcast(a.shape, b.shape) });
  };
  const same = (a: readonly number[], b: readonly number[]) => a.length === b.length && a.every((n, i) => n === b[i]);

  /** Another shape of a value that is in the graph. */
  const reshapeWritten = (x: Value, shape: readonly number[]): Value =>
    same(x.shape, shape) ? x : write.node('Reshape', [x, int64(shape)], { type: x.type, shape });

  const rowsOf = (x: Value): readonly [number, number] => {
    const c = x.shape.at(-1) ?? 1;
    return [elements(x.shape) / c, c];
  };

  /** Bias and vector together, `[1 or batch, c]`, in the graph's precision. */
  function vectorOf({ bias, vector }: Terms, c: number): Value | null {
    const constant = bias && reshapeWritten(load.cast(bias, type), [1, c]);
    return constant && vector ? binary('Add', vector, constant) : (vector ?? constant);
  }

  /** The same terms without a vector: it becomes part of the bias where it is one for all rows, of the skip elsewhere. */
  function withoutVector(terms: Terms, c: number): { bias: Value | null; skip: Value | null; vector: Value | null } {
    const { bias, vector, skip } = terms;
    if (!vector) return { bias: bias && load.cast(bias, type), skip, vector: null };
    const both = vectorOf(terms, c) ?? vector;
    const [batch = 1] = vector.shape;
    if (batch === 1) return { bias: reshapeWritten(both, [c]), skip, vector: null };
    if (!skip) return { bias: null, skip: null, vector: both };
    const shares = reshapeWritten(skip, [batch, elements(skip.shape) / batch / c, c]);
    return { bias: null, skip: binary('Add', shares, reshapeWritten(both, [batch, 1, c])), vector: null };
  }

  /** The sum itself. */
  function writeSum(sum: PendingSum, like: Value): Value {
    if (sum.written) return sum.written;
    const [rows, c] = rowsOf(like);
    const { bias, skip, vector } = withoutVector(sum.terms, c);
    const flat = (x: Value) => reshapeWritten(x, [1, rows, c]);
    if (skip && bias && takesBiasAdd(c)) return sum.settle(write.biasAdd(flat(sum.bare()), bias, flat(skip)));
    // The product's own operator adds the bias, unless it was written without one already.
    const own = bias && !sum.bareWritten ? sum.terms.product(bias) : sum.bare();
    let total = bias && sum.bareWritten ? binary('Add', own, bias) : own;
    if (vector) {
      const [batch = 1] = vector.shape;
      const shares = reshapeWritten(total, [batch, rows / batch, c]);
      total = binary('Add', shares, reshapeWritten(vector, [batch, 1, c]));
    }
    if (skip) total = binary('Add', flat(total), flat(skip));
    return sum.settle(total);
  }

  /** A value as a node makes it, in the graph's precision. */
  function written(x: Value): Value {
    const sum = pending.of(x);
    return sum ? reshapeWritten(writeSum(sum, x), x.shape) : load.cast(x, type);
  }

  function reshape(x: Value, shape: readonly number[]): Value {
    if (same(x.shape, shape)) return x;
    return pending.seenAs(x, shape) ?? reshapeWritten(pending.of(x) ? written(x) : x, shape);
  }

  /** What a norm gave, in the shape that was asked for; the sum is known from here on. */
  function settled(sum: PendingSum, { normalized, sum: total }: NormalizedSum, shape: readonly number[]): Value {
    sum.settle(total);
    return reshapeWritten(normalized, shape);
  }

  return {
    make: pending.make,
    reshape,
    written,

    /** The terms of a value that is not written yet. */
    terms: (x: Value): PendingSum | undefined => {
      const sum = pending.of(x);
      return sum?.written ? undefined : sum;
    },

    /** `a + b`, of the same shape: a sum to be written later where one of them is a product without a residual. */
    add(a: Value, b: Value): Value {
      const open = (x: Value) => {
        const sum = pending.of(x);
        return sum && !sum.written && !sum.terms.skip ? sum : undefined;
      };
      const [product, other] = open(b) ? [open(b), a] : [open(a), b];
      if (!product) return binary('Add', written(a), written(b));
      const second = open(other);
      // Of two products the biases add up when the graph is loaded; a vector stays with its own product.
      const merged = second && !second.terms.vector ? second : undefined;
      const { bias, vector } = product.terms;
      const biases = merged?.terms.bias && bias ? load.add(merged.terms.bias, bias) : (merged?.terms.bias ?? bias);
      const skip = merged ? reshapeWritten(merged.bare(), other.shape) : written(other);
      return pending.make({ product: (own) => productOf(product, own), bias: biases, vector, skip }, a);
    },

    /** Adds one vector to each equal share of the rows. */
    addVector(x: Value, vector: Value): Value {
      const sum = pending.of(x);
      if (sum && !sum.written && !sum.terms.vector) {
        return pending.make({ ...sum.terms, product: (own) => productOf(sum, own), vector: written(vector) }, x);
      }
      const c = x.shape.at(-1) ?? 1;
      const [batch = 1] = vector.shape;
      const shares = reshapeWritten(written(x), [batch, elements(x.shape) / batch / c, c]);
      return reshapeWritten(binary('Add', shares, reshapeWritten(written(vector), [batch, 1, c])), x.shape);
    },

    /** GroupNorm of a map `[n, h, w, c]`, its terms taken in. */
    groupNorm(x: Value, gamma: Value, beta: Value, options: GroupNormOptions): Value {
      const sum = pending.of(x);
      if (!sum || sum.written) return write.groupNorm(written(x), gamma, beta, options);
      const [n = 1, , , c = 1] = x.shape;
      const product = () => reshapeWritten(sum.bare(), x.shape);
      if (sum.terms.skip) {
        const { bias, skip } = withoutVector(sum.terms, c);
        const residual = reshapeWritten(skip ?? sum.terms.skip, x.shape);
        return settled(sum, write.skipGroupNorm(product(), gamma, beta, residual, bias, options), x.shape);
      }
      const vector = vectorOf(sum.terms, c);
      if (!vector) return write.groupNorm(sum.settle(product()), gamma, beta, options);
      return settled(sum, write.skipGroupNorm(product(), gamma, beta, everyMap(vector, n, c), null, options), x.shape);
    },

    /** LayerNormalization over tokens `[n, s, c]`, its terms taken in. */
    layerNorm(x: Value, gamma: Value, beta: Value, eps: number): Value | null {
      const sum = pending.of(x);
      if (!sum?.terms.skip || sum.written) return null;
      const [rows, c] = rowsOf(x);
      const { bias, skip } = withoutVector(sum.terms, c);
      const flat = (value: Value) => reshapeWritten(value, [1, rows, c]);
      return settled(sum, write.skipLayerNorm(flat(sum.bare()), flat(skip ?? x), gamma, beta, bias, eps), x.shape);
    },
  };

  /** `[1 or batch, c]` to `[n, c]`, each vector as often as its share has maps. */
  function everyMap(vector: Value, n: number, c: number): Value {
    const [batch = 1] = vector.shape;
    if (batch === n) return vector;
    const shape = [batch, n / batch, c];
    const inputs = [reshapeWritten(vector, [batch, 1, c]), int64(shape)];
    return reshapeWritten(write.node('Expand', inputs, { type, shape }), [n, c]);
  }
}

/** A sum's product for another sum: shared with the first one where it has no bias. */
const productOf = (sum: PendingSum, bias: Value | null): Value => (bias ? sum.terms.product(bias) : sum.bare());

/** {@link createSums}' result. */
export type Sums = ReturnType<typeof createSums>;
