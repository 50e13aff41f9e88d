import { broadcast } from '../../onnx/arithmetic.ts';
import { elements } from '../../onnx/graph-builder.ts';
import type { ElementType, GraphBuilder, Value } from '../../onnx/graph-builder.ts';
import type { GroupNormOptions } from '../emitter.ts';
import { supportsBiasAdd } from './limits.ts';
import type { LoadTimeValues } from './load-time-values.ts';
import type { NormalizedSum } from './fused-writers.ts';
import type { Operators } from './operators.ts';
import { createDeferredSums } from './deferred-sums.ts';
import type { DeferredSum, SumTerms } from './deferred-sums.ts';

/**
 * Writes sums of a product, a bias, vectors and a residual with the cheapest operator: as part of the norm that reads the
 * sum (SkipGroupNorm, SkipLayerNormalization), as one BiasAdd, or otherwise as plain additions. Sums are deferred until an
 * operation reads them; see `deferred-sums.ts`.
 * @param type the precision of the graph
 */
export function createSums(graph: GraphBuilder, type: ElementType, write: Operators, load: LoadTimeValues) {
  const deferred = createDeferredSums();
  const int64 = (shape: readonly number[]) => graph.constant(BigInt64Array.from(shape, BigInt));
  const binary = (op: string, a: Value, b: Value) => {
    return write.node(op, [a, b], { type, shape: broadcast(a.shape, b.shape) });
  };
  const same = (a: readonly number[], b: readonly number[]) => a.length === b.length && a.every((n, i) => n === b[i]);

  /** Reshapes a value that is in the graph. */
  const reshapeInGraph = (x: Value, shape: readonly number[]): Value =>
    same(x.shape, shape) ? x : write.node('Reshape', [x, int64(shape)], { type: x.type, shape });

  const rowsOf = (x: Value): readonly [number, number] => {
    const c = x.shape.at(-1) ?? 1;
    return [elements(x.shape) / c, c];
  };

  /** The sum of bias and vector, `[1 or batch, c]`, in the precision of the graph; null without both. */
  function vectorOf({ bias, vector }: SumTerms, c: number): Value | null {
    const constant = bias && reshapeInGraph(load.cast(bias, type), [1, c]);
    return constant && vector ? binary('Add', vector, constant) : (vector ?? constant);
  }

  /**
   * Merges the vector into another term: into the bias if it applies to all rows, into the residual if there is one.
   * Otherwise it remains, with the bias merged into it.
   */
  function mergeVector(terms: SumTerms, c: number): { bias: Value | null; skip: Value | null; vector: Value | null } {
    const { bias, vector, skip } = terms;
    if (!vector) return { bias: bias && load.cast(bias, type), skip, vector: null };
    const both = vectorOf(terms, c) ?? vector;
    const [batch = 1] = vector.shape;
    if (batch === 1) return { bias: reshapeInGraph(both, [c]), skip, vector: null };
    if (!skip) return { bias: null, skip: null, vector: both };
    const shares = reshapeInGraph(skip, [batch, elements(skip.shape) / batch / c, c]);
    return { bias: null, skip: binary('Add', shares, reshapeInGraph(both, [batch, 1, c])), vector: null };
  }

  /** Writes the sum, unless it is in the graph already. `like` has the shape of the sum. */
  function materializeSum(sum: DeferredSum, like: Value): Value {
    if (sum.materialized) return sum.materialized;
    const [rows, c] = rowsOf(like);
    const { bias, skip, vector } = mergeVector(sum.terms, c);
    const flat = (x: Value) => reshapeInGraph(x, [1, rows, c]);
    if (skip && bias && supportsBiasAdd(c))
      return sum.materializeAs(write.biasAdd(flat(sum.productWithoutBias()), bias, flat(skip)));
    // The operator of the product adds the bias, unless the product is in the graph without its bias already.
    const fused = bias !== null && !sum.hasProductWithoutBias;
    const product = fused ? sum.terms.product(bias) : sum.productWithoutBias();
    let total = bias && !fused ? binary('Add', product, bias) : product;
    if (vector) {
      const [batch = 1] = vector.shape;
      const shares = reshapeInGraph(total, [batch, rows / batch, c]);
      total = binary('Add', shares, reshapeInGraph(vector, [batch, 1, c]));
    }
    if (skip) total = binary('Add', flat(total), flat(skip));
    return sum.materializeAs(total);
  }

  /** Returns a value that is in the graph, in the precision of the graph. A deferred value is written. */
  function materialize(x: Value): Value {
    const sum = deferred.find(x);
    return sum ? reshapeInGraph(materializeSum(sum, x), x.shape) : load.cast(x, type);
  }

  function reshape(x: Value, shape: readonly number[]): Value {
    if (same(x.shape, shape)) return x;
    return deferred.reshape(x, shape) ?? reshapeInGraph(deferred.find(x) ? materialize(x) : x, shape);
  }

  /** Records the second output of a norm as the value of the sum, and returns the first one with the given shape. */
  function normalizedOf(sum: DeferredSum, { normalized, sum: total }: NormalizedSum, shape: readonly number[]): Value {
    sum.materializeAs(total);
    return reshapeInGraph(normalized, shape);
  }

  return {
    create: deferred.create,
    reshape,
    materialize,

    /** Returns the sum of a deferred value that is not in the graph yet. */
    findDeferred: (x: Value): DeferredSum | undefined => {
      const sum = deferred.find(x);
      return sum?.materialized ? undefined : sum;
    },

    /** `a + b` of the same shape. The result is deferred if one of them is a deferred sum without a residual. */
    add(a: Value, b: Value): Value {
      const withoutSkip = (x: Value) => {
        const sum = deferred.find(x);
        return sum && !sum.materialized && !sum.terms.skip ? sum : undefined;
      };
      const [product, other] = withoutSkip(b) ? [withoutSkip(b), a] : [withoutSkip(a), b];
      if (!product) return binary('Add', materialize(a), materialize(b));
      const second = withoutSkip(other);
      // The biases of two products are added when the graph is loaded. A second vector prevents the merge.
      const merged = second && !second.terms.vector ? second : undefined;
      const { bias, vector } = product.terms;
      const biases = merged?.terms.bias && bias ? load.add(merged.terms.bias, bias) : (merged?.terms.bias ?? bias);
      const skip = merged ? reshapeInGraph(merged.productWithoutBias(), other.shape) : materialize(other);
      return deferred.create({ product: (ownBias) => productOf(product, ownBias), bias: biases, vector, skip }, a);
    },

    /** Adds a vector `[1 or batch, c]`; each applies to rows / batch consecutive rows. */
    addVector(x: Value, vector: Value): Value {
      const sum = deferred.find(x);
      if (sum && !sum.materialized && !sum.terms.vector) {
        return deferred.create(
          { ...sum.terms, product: (ownBias) => productOf(sum, ownBias), vector: materialize(vector) },
          x,
        );
      }
      const c = x.shape.at(-1) ?? 1;
      const [batch = 1] = vector.shape;
      const shares = reshapeInGraph(materialize(x), [batch, elements(x.shape) / batch / c, c]);
      return reshapeInGraph(binary('Add', shares, reshapeInGraph(materialize(vector), [batch, 1, c])), x.shape);
    },

    /** GroupNorm of a map `[n, h, w, c]`. It includes the terms of a deferred sum. */
    groupNorm(x: Value, gamma: Value, beta: Value, options: GroupNormOptions): Value {
      const sum = deferred.find(x);
      if (!sum || sum.materialized) return write.groupNorm(materialize(x), gamma, beta, options);
      const [n = 1, , , c = 1] = x.shape;
      const product = () => reshapeInGraph(sum.productWithoutBias(), x.shape);
      if (sum.terms.skip) {
        const { bias, skip } = mergeVector(sum.terms, c);
        const residual = reshapeInGraph(skip ?? sum.terms.skip, x.shape);
        return normalizedOf(sum, write.skipGroupNorm(product(), gamma, beta, residual, bias, options), x.shape);
      }
      const vector = vectorOf(sum.terms, c);
      if (!vector) return write.groupNorm(sum.materializeAs(product()), gamma, beta, options);
      return normalizedOf(
        sum,
        write.skipGroupNorm(product(), gamma, beta, repeatForMaps(vector, n, c), null, options),
        x.shape,
      );
    },

    /** LayerNormalization of a deferred sum with a residual, `[n, s, c]`; null for any other value. */
    layerNorm(x: Value, gamma: Value, beta: Value, eps: number): Value | null {
      const sum = deferred.find(x);
      if (!sum?.terms.skip || sum.materialized) return null;
      const [rows, c] = rowsOf(x);
      const { bias, skip } = mergeVector(sum.terms, c);
      const flat = (value: Value) => reshapeInGraph(value, [1, rows, c]);
      return normalizedOf(
        sum,
        write.skipLayerNorm(flat(sum.productWithoutBias()), flat(skip ?? x), gamma, beta, bias, eps),
        x.shape,
      );
    },
  };

  /** Repeats each vector for its n / batch maps: `[1 or batch, c]` to `[n, c]`. */
  function repeatForMaps(vector: Value, n: number, c: number): Value {
    const [batch = 1] = vector.shape;
    if (batch === n) return vector;
    const shape = [batch, n / batch, c];
    const inputs = [reshapeInGraph(vector, [batch, 1, c]), int64(shape)];
    return reshapeInGraph(write.node('Expand', inputs, { type, shape }), [n, c]);
  }
}

/** The product of a sum, for another sum. Without a bias, both share one node. */
const productOf = (sum: DeferredSum, bias: Value | null): Value =>
  bias ? sum.terms.product(bias) : sum.productWithoutBias();

/** The result of {@link createSums}. */
export type Sums = ReturnType<typeof createSums>;
