import { broadcast } from '../../onnx/arithmetic.ts';
import { elements, float } from '../../onnx/graph-builder.ts';
import type { GraphBuilder, Value } from '../../onnx/graph-builder.ts';
import type { Activation, ConvOptions, Emitter, FeatureMap, LinearOptions } from '../emitter.ts';
import { NONE_REPLACED } from '../fused-operators.ts';
import type { FusedOperator } from '../fused-operators.ts';
import { CheckpointError } from '../../checkpoint/checkpoint-error.ts';
import type { Scope } from '../scope.ts';
import {
  CudaLimitError,
  MAX_ELEMENTS,
  MAX_SEQUENCES,
  PIECE_ELEMENTS,
  supportsBiasSplitGelu,
  supportsGroupNorm,
} from './limits.ts';
import { createLoadTimeValues } from './load-time-values.ts';
import { createOperators } from './operators.ts';
import { createSums } from './sums.ts';
import { writeActivation } from '../write-activation.ts';

export interface CudaEmitterOptions {
  /** The precision of the computation; default float16. Inputs and outputs of the graph are always float32. */
  readonly precision?: 'float16' | 'float32';
  /**
   * Maximum number of elements in the inner layer of a feed-forward network. A larger layer is computed in pieces, with
   * less memory but more operations. Default: the limit of the kernels, 2³¹ − 1.
   */
  readonly feedForwardElements?: number;
  /** See {@link Emitter.hidesShapes}; default true. */
  readonly hidesShapes?: boolean;
  /** Maximum number of elements of a value that can be computed map by map. Default {@link PIECE_ELEMENTS}. */
  readonly mapElements?: number;
  /** The fused operators that are written with standard operators. Default: none. */
  readonly replaced?: ReadonlySet<FusedOperator>;
}

/**
 * Creates the emitter for ONNX Runtime's CUDA provider: float16, channels last, with the provider's fused operators where
 * they support the shape. A map is `[n, h, w, c]` and a video map `[batch, frames, h·w, c]`, so that the conversion to the
 * other, or to tokens, only changes the shape and copies nothing.
 *
 * Convolutions, linear layers and their sums are deferred values, which exist in the graph only when they are read: see
 * `deferred-sums.ts`. `materialize` writes such a value.
 *
 * The graph must be loaded with constant folding, that is, with any optimisation level but `disabled`: then the weights of
 * convolutions are transposed to the layout that `NhwcConv` requires. It misreads weights that are not constant.
 */
export function createCudaEmitter(graph: GraphBuilder, options: CudaEmitterOptions = {}): Emitter {
  const { precision: type = 'float16', feedForwardElements = MAX_ELEMENTS, mapElements = PIECE_ELEMENTS } = options;
  const { hidesShapes = true, replaced = NONE_REPLACED } = options;
  const load = createLoadTimeValues(graph);
  const write = createOperators(graph, load, replaced);
  const sums = createSums(graph, type, write, load);
  const { materialize, reshape } = sums;

  const int64 = (values: readonly number[]) => graph.constant(BigInt64Array.from(values, BigInt));
  const scalar = (value: number) => load.cast(load.scalar(value), type);
  const unary = (op: string, x: Value, attributes = {}) => write.node(op, [x], x, { attributes });
  const binary = (op: string, a: Value, b: Value) =>
    write.node(op, [a, b], { type: a.type, shape: broadcast(a.shape, b.shape) });
  const transpose = (x: Value, perm: readonly number[]) => {
    const shape = perm.map((axis) => x.shape[axis] ?? 1);
    return write.node('Transpose', [x], { type: x.type, shape }, { attributes: { perm } });
  };
  const slice = (x: Value, axis: number, from: number, to: number) => {
    const shape = x.shape.map((size, i) => (i === axis ? to - from : size));
    return write.node('Slice', [x, int64([from]), int64([to]), int64([axis])], { type: x.type, shape });
  };
  const concat = (parts: readonly Value[], axis: number) => {
    const [first] = parts;
    if (!first) throw new RangeError('nothing to concatenate');
    const along = parts.reduce((sum, part) => sum + (part.shape[axis] ?? 1), 0);
    const shape = first.shape.map((size, i) => (i === axis ? along : size));
    return write.node('Concat', parts, { type: first.type, shape }, { attributes: { axis } });
  };

  /** Creates a map from a value `[n, h, w, c]`. */
  const map = (value: Value): FeatureMap => {
    const [n = 1, h = 1, w = 1, c = 1] = value.shape;
    return { value, n, c, h, w };
  };
  const mapValue = (x: FeatureMap, change: (value: Value) => Value) => map(change(materialize(x.value)));

  const parameter = (scope: Scope, name: string, shape: readonly number[], as?: readonly number[]) =>
    load.cast(load.stored(scope, name, shape, as), type);
  /** The parameters of GroupNorm are float32 in every precision. */
  const parameter32 = (scope: Scope, name: string, c: number) => load.cast(load.stored(scope, name, [c]), 'float32');

  /** `x · weightᵀ + bias` over the last axis, as `[rows, out]`. With `transB`, Gemm uses the weight as it is stored. */
  function gemm(x: Value, weight: Value, bias: Value | null): Value {
    const [outFeatures = 1, inFeatures = 1] = weight.shape;
    const rows = elements(x.shape) / inFeatures;
    const inputs = [reshape(x, [rows, inFeatures]), weight, ...(bias ? [bias] : [])];
    return write.node('Gemm', inputs, { type, shape: [rows, outFeatures] }, { attributes: { transB: 1 } });
  }

  const activate = (x: Value, kind: Activation) => writeActivation({ unary, binary, scalar }, x, kind);

  /** The inner layer of a feed-forward network (GEGLU), `[rows, features]`. */
  function feedForwardInner(scope: Scope, x: Value, features: number): Value {
    const inFeatures = x.shape.at(-1) ?? 1;
    const rows = elements(x.shape) / inFeatures;
    const weight = scope.tensor('weight', [2 * features, inFeatures]);
    const bias = scope.tensor('bias', [2 * features]);
    const part = (range?: readonly [number, number]) => {
      const [from, to] = range ?? [0, 2 * features];
      const shape = [to - from, inFeatures];
      return {
        weight: load.cast(load.rows(scope, weight, shape, range), type),
        bias: load.cast(load.rows(scope, bias, [to - from], range), type),
      };
    };
    if (supportsBiasSplitGelu(2 * features)) {
      const both = part();
      const projected = reshape(gemm(x, both.weight, null), [1, rows, 2 * features]);
      return reshape(write.biasSplitGelu(projected, both.bias), [rows, features]);
    }
    const half = (range: readonly [number, number]) => {
      const own = part(range);
      return gemm(x, own.weight, own.bias);
    };
    return binary('Mul', half([0, features]), activate(half([features, 2 * features]), 'gelu'));
  }

  /** Inner layers that are too large for one piece. The linear layer that reads one computes both piece by piece. */
  const deferredInnerLayers = new WeakMap<
    Value,
    { readonly scope: Scope; readonly x: Value; readonly features: number }
  >();

  /** Returns a function that writes the product of a linear layer, with or without a bias. */
  function product(x: Value, weight: Value): (bias: Value | null) => Value {
    const inner = deferredInnerLayers.get(x);
    if (!inner) return (bias) => gemm(materialize(x), weight, bias);
    return (bias) => {
      const inFeatures = inner.x.shape.at(-1) ?? 1;
      const rows = elements(inner.x.shape) / inFeatures;
      const maxRows = Math.max(1, Math.floor(feedForwardElements / (2 * inner.features)));
      const pieces = Math.ceil(rows / maxRows);
      const flat = reshape(inner.x, [rows, inFeatures]);
      const outputs = Array.from({ length: pieces }, (_, i) => {
        const piece = slice(flat, 0, Math.floor((i * rows) / pieces), Math.floor(((i + 1) * rows) / pieces));
        return gemm(feedForwardInner(inner.scope, piece, inner.features), weight, bias);
      });
      return concat(outputs, 0);
    };
  }

  return {
    graph,
    hidesShapes,
    output: (name, value) => graph.output(name, load.cast(materialize(value), 'float32')),
    fromNchw: (value) => map(transpose(materialize(value), [0, 2, 3, 1])),
    toNchw: (x) => transpose(load.cast(materialize(x.value), 'float32'), [0, 3, 1, 2]),

    outputMap: (name, x) => graph.output(name, materialize(x.value)),
    inputMap: (name, n, c, h, w) => map(graph.input(name, type, [n, h, w, c])),

    toRgb8(x) {
      const half = load.scalar(127.5);
      const unit = binary('Add', binary('Mul', load.cast(materialize(x.value), 'float32'), half), half);
      const [from, to] = [graph.constant(Float32Array.of(0), []), graph.constant(Float32Array.of(255), [])];
      return load.cast(unary('Round', write.node('Clip', [unit, from, to], unit)), 'uint8');
    },

    conv2d(scope, x, options: ConvOptions) {
      const { outChannels, kernel = [3, 3], stride = 1, bias: hasBias = true, scale } = options;
      const [kh, kw] = kernel;
      const pads = options.padding ?? [kh >> 1, kw >> 1, kh >> 1, kw >> 1];
      const shape = [outChannels, x.c, kh, kw];
      const single = kh * kw === 1;
      const storedAs = single ? [outChannels, 1, 1, x.c] : shape;
      let weight = load.stored(scope, 'weight', options.storedShape ?? shape, storedAs);
      if (scale) weight = load.multiply(weight, scale);
      weight = load.cast(single ? weight : load.toNhwcWeight(weight), type);
      let bias = hasBias ? load.stored(scope, 'bias', [outChannels]) : null;
      if (bias && scale) bias = load.multiply(bias, scale);

      const input = materialize(x.value);
      const conv = (ownBias: Value | null) => write.nhwcConv(input, weight, ownBias, { kernel, stride, pads });
      const [top, left, bottom, right] = pads;
      const h = Math.floor((x.h + top + bottom - kh) / stride) + 1;
      const w = Math.floor((x.w + left + right - kw) / stride) + 1;
      return map(
        sums.create({ product: conv, bias, vector: null, skip: null }, { type, shape: [x.n, h, w, outChannels] }),
      );
    },

    groupNorm(scope, x, options) {
      const { n, h, w, c } = x;
      if (c % options.groups) {
        throw new CheckpointError(`${scope.path}: ${c} channels are not divisible into ${options.groups} groups`);
      }
      if (h * w * c > MAX_ELEMENTS) {
        const size = `a GroupNorm over ${[h, w, c].join(' × ')} elements`;
        throw new CudaLimitError(
          `${scope.path}: ${size} exceeds the limit of the CUDA kernel; decode fewer frames together`,
        );
      }
      const [gamma, beta] = [parameter32(scope, 'weight', c), parameter32(scope, 'bias', c)];
      if (!supportsGroupNorm(c, options.groups)) {
        return map(write.plainGroupNorm(materialize(x.value), gamma, beta, options));
      }
      return map(sums.groupNorm(reshape(x.value, [n, h, w, c]), gamma, beta, options));
    },

    activation: (x, kind) => mapValue(x, (value) => activate(value, kind)),
    add: (a, b) => map(sums.add(a.value, b.value)),
    addVector: (x, vector) => map(sums.addVector(x.value, vector)),
    affine: (x, factor, offset) =>
      mapValue(x, (value) => {
        const scaled = factor === 1 ? value : binary('Mul', value, scalar(factor));
        return offset === 0 ? scaled : binary('Add', scaled, scalar(offset));
      }),
    tanh: (x) => mapValue(x, (value) => unary('Tanh', value)),
    concat: (parts) => map(concat(parts.map(({ value }) => materialize(value)), 3)), // oxfmt-ignore
    channels: (x, count) => mapValue(x, (value) => slice(value, 3, 0, count)),

    upsample(x, factor, h = factor * x.h, w = factor * x.w) {
      const scales = graph.constant(Float32Array.of(1, factor, factor, 1));
      const attributes = { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' };
      const shape = [x.n, factor * x.h, factor * x.w, x.c];
      const full = write.node('Resize', [materialize(x.value), null, scales], { type, shape }, { attributes });
      const rows = h === factor * x.h ? full : slice(full, 1, 0, h);
      return map(w === factor * x.w ? rows : slice(rows, 2, 0, w));
    },

    framesTogether: (x, frames) => map(reshape(x.value, [x.n / frames, frames, x.h * x.w, x.c])),
    framesApart: (x, h, w) => map(reshape(x.value, [x.n * x.h, h, w, x.c])),

    mapwise(x, inner, compute) {
      const pieces = Math.min(x.n, Math.ceil((x.n * inner) / mapElements));
      if (pieces <= 1) return compute(x);
      const value = materialize(x.value);
      const parts = Array.from({ length: pieces }, (_, i) => {
        const [from, to] = [Math.floor((i * x.n) / pieces), Math.floor(((i + 1) * x.n) / pieces)];
        return materialize(compute(map(slice(value, 0, from, to))).value);
      });
      return map(concat(parts, 0));
    },

    toTokens: (x) => reshape(x.value, [x.n, x.h * x.w, x.c]),
    toMap(tokens, h, w) {
      const [n = 1, , c = 1] = tokens.shape;
      return map(reshape(tokens, [n, h, w, c]));
    },

    swapTokens(tokens, batch) {
      const [n = 1, inner = 1, c = 1] = tokens.shape;
      const shape = [batch * inner, n / batch, c];
      const swap = (x: Value) => transpose(reshape(x, [batch, n / batch, inner, c]), [0, 2, 1, 3]);
      const sum = sums.findDeferred(tokens);
      if (!sum || sum.terms.skip) return reshape(swap(materialize(tokens)), shape);
      // A bias, and a vector for each sample, do not depend on the order of the tokens.
      const product = (bias: Value | null) => swap(bias ? sum.terms.product(bias) : sum.productWithoutBias());
      return sums.create({ ...sum.terms, product }, { type, shape });
    },

    firstToken(tokens) {
      const [n = 1, , c = 1] = tokens.shape;
      return reshape(slice(materialize(tokens), 1, 0, 1), [n, c]);
    },

    linear(scope, x, outFeatures, { bias: hasBias = true, extraBias, scale }: LinearOptions = {}) {
      const stored = load.stored(scope, 'weight', [outFeatures, x.shape.at(-1) ?? 1]);
      const weight = load.cast(scale ? load.multiply(stored, scale) : stored, type);
      const bias = hasBias ? load.stored(scope, 'bias', [outFeatures]) : null;
      const vector = extraBias ? materialize(extraBias) : null;
      const shape = [...x.shape.slice(0, -1), outFeatures];
      return sums.create({ product: product(x, weight), bias, vector, skip: null }, { type, shape });
    },

    layerNorm(scope, x, eps) {
      const size = x.shape.at(-1) ?? 1;
      const [gamma, beta] = [parameter(scope, 'weight', [size]), parameter(scope, 'bias', [size])];
      const attributes = { axis: -1, epsilon: float(eps) };
      return (
        sums.layerNorm(x, gamma, beta, eps) ??
        write.node('LayerNormalization', [materialize(x), gamma, beta], { type, shape: x.shape }, { attributes })
      );
    },

    attention(query, key, value, heads) {
      const inputs = [materialize(query), materialize(key), materialize(value)] as const;
      const [n = 1] = query.shape;
      const pieces = Math.ceil(n / MAX_SEQUENCES);
      if (pieces === 1) return write.attention(...inputs, heads);
      const parts = Array.from({ length: pieces }, (_, i) => {
        const [from, to] = [Math.floor((i * n) / pieces), Math.floor(((i + 1) * n) / pieces)];
        const [q, k, v] = inputs.map((x) => slice(x, 0, from, to)) as [Value, Value, Value];
        return write.attention(q, k, v, heads);
      });
      return concat(parts, 0);
    },

    geglu(scope, x, features) {
      const shape = [...x.shape.slice(0, -1), features];
      const input = materialize(x);
      if (2 * elements(shape) <= feedForwardElements) return reshape(feedForwardInner(scope, input, features), shape);
      const inner: Value = { name: `deferred ${scope.path}`, type, shape };
      deferredInnerLayers.set(inner, { scope, x: input, features });
      return inner;
    },

    geluGate(x) {
      const width = x.shape.at(-1) ?? 2;
      const input = materialize(x);
      const shape = [...x.shape.slice(0, -1), width / 2];
      if (supportsBiasSplitGelu(width)) {
        const rows = elements(x.shape) / width;
        const none = load.cast(graph.constant(new Float32Array(width)), type);
        return reshape(write.biasSplitGelu(reshape(input, [1, rows, width]), none), shape);
      }
      const half = (from: number) => slice(input, x.shape.length - 1, from, from + width / 2);
      return binary('Mul', half(0), activate(half(width / 2), 'gelu'));
    },

    activate: (x, kind) => activate(materialize(x), kind),
    addValues(a, b) {
      const sameShape = a.shape.length === b.shape.length && a.shape.every((size, i) => size === b.shape[i]);
      return sameShape ? sums.add(a, b) : binary('Add', materialize(a), materialize(b));
    },
    blend(a, b, alpha) {
      const [weightA, weightB] = [alpha, load.subtract(load.scalar(1), alpha)].map((x) => load.cast(x, type)) as [
        Value,
        Value,
      ];
      return binary('Add', binary('Mul', materialize(a), weightA), binary('Mul', materialize(b), weightB));
    },
    parameter: (scope, name, shape) => parameter(scope, name, shape),
    sigmoid: (scope, name, { negate } = { negate: false }) => load.sigmoid(load.stored(scope, name, [1]), negate),
    reshape,
    sum: (x) => write.sum(load.cast(materialize(x), 'float32')),

    concatValues(parts, axis) {
      const mixed = new Set(parts.map((part) => part.type)).size > 1;
      // Parts that are all float32 are not cast: they are inputs of the graph.
      return concat(parts.map((part) => (mixed || part.type === type ? materialize(part) : part)), axis); // oxfmt-ignore
    },
  };
}
