import { broadcast } from '../onnx/arithmetic.ts';
import { elements, float } from '../onnx/graph-builder.ts';
import type { GraphBuilder, Value } from '../onnx/graph-builder.ts';
import type { TensorEntry } from '../safetensors/weights.ts';
import type { Activation, ConvOptions, Emitter, FeatureMap, GroupNormOptions, LinearOptions } from './emitter.ts';
import { fusedAttention } from './write-attention.ts';
import type { WriteAttention } from './write-attention.ts';
import { CheckpointError } from '../checkpoint/checkpoint-error.ts';
import type { Scope } from './scope.ts';
import { storedTensor } from './stored-tensor.ts';
import { writeActivation } from './write-activation.ts';

/**
 * Creates the emitter for CPU, Core ML and WebGPU. It writes float32 in NCHW layout with standard operators. The results of
 * the CUDA emitter are compared with it.
 * @param attention writes the attention; no implementation keeps the whole attention matrix in memory
 */
export function createReferenceEmitter(graph: GraphBuilder, attention: WriteAttention = fusedAttention): Emitter {
  const f32 = (shape: readonly number[]) => ({ type: 'float32', shape }) as const;
  const int64 = (values: readonly number[]) => graph.constant(BigInt64Array.from(values, BigInt));
  const scalar = (value: number) => graph.constant(Float32Array.of(value), []);
  const reshape = (x: Value, shape: readonly number[]) =>
    x.shape.length === shape.length && x.shape.every((size, i) => size === shape[i])
      ? x
      : graph.node('Reshape', [x, int64(shape)], { type: x.type, shape });
  const transpose = (x: Value, perm: readonly number[]) =>
    graph.node('Transpose', [x], f32(perm.map((axis) => x.shape[axis] ?? 1)), { attributes: { perm } });
  const unary = (op: string, x: Value, attributes = {}) => graph.node(op, [x], f32(x.shape), { attributes });
  const binary = (op: string, a: Value, b: Value) => graph.node(op, [a, b], f32(broadcast(a.shape, b.shape)));

  const map = (value: Value): FeatureMap => {
    const [n = 1, c = 1, h = 1, w = 1] = value.shape;
    return { value, n, c, h, w };
  };

  /** Returns rows `[from, to)` of a tensor as float32 with another shape. */
  function loadTensor(
    scope: Scope,
    entry: TensorEntry,
    shape: readonly number[],
    rows?: readonly [number, number],
  ): Value {
    const value = storedTensor(graph, scope, entry, shape, rows);
    return value.type === 'float32' ? value : graph.node('Cast', [value], f32(shape), { attributes: { to: 1 } });
  }

  const parameter = (scope: Scope, name: string, shape: readonly number[], as: readonly number[] = shape) =>
    loadTensor(scope, scope.tensor(name, shape), as);

  /** `x · weightᵀ + bias` over the last axis. With `transB`, Gemm uses the weight as the checkpoint stores it. */
  function gemm(x: Value, weight: Value, bias: Value | null, outFeatures: number): Value {
    const inFeatures = x.shape.at(-1) ?? 1;
    const rows = elements(x.shape) / inFeatures;
    const flat = reshape(x, [rows, inFeatures]);
    const inputs = bias ? [flat, weight, bias] : [flat, weight];
    const out = graph.node('Gemm', inputs, f32([rows, outFeatures]), { attributes: { transB: 1 } });
    return reshape(out, [...x.shape.slice(0, -1), outFeatures]);
  }

  const activate = (x: Value, kind: Activation) => writeActivation({ unary, binary, scalar }, x, kind);

  return {
    graph,
    hidesShapes: false,
    output: (name, value) => graph.output(name, value),
    fromNchw: map,
    toNchw: (x) => x.value,

    outputMap: (name, x) => graph.output(name, x.value),
    inputMap: (name, n, c, h, w) => map(graph.input(name, 'float32', [n, c, h, w])),

    toRgb8(x) {
      const unit = binary('Add', binary('Mul', x.value, scalar(127.5)), scalar(127.5));
      const clipped = graph.node('Clip', [unit, scalar(0), scalar(255)], f32(unit.shape));
      const pixels = transpose(unary('Round', clipped), [0, 2, 3, 1]);
      return graph.node('Cast', [pixels], { type: 'uint8', shape: pixels.shape }, { attributes: { to: 2 } });
    },

    conv2d(scope, x, options: ConvOptions) {
      const { outChannels, kernel = [3, 3], stride = 1, bias = true, scale } = options;
      const [kh, kw] = kernel;
      const pads = options.padding ?? [kh >> 1, kw >> 1, kh >> 1, kw >> 1];
      const shape = [outChannels, x.c, kh, kw];
      let weight = parameter(scope, 'weight', options.storedShape ?? shape, shape);
      let offset = bias ? parameter(scope, 'bias', [outChannels]) : null;
      if (scale) {
        weight = binary('Mul', weight, scale);
        offset = offset && binary('Mul', offset, scale);
      }
      const [top, left, bottom, right] = pads;
      const h = Math.floor((x.h + top + bottom - kh) / stride) + 1;
      const w = Math.floor((x.w + left + right - kw) / stride) + 1;
      const inputs = offset ? [x.value, weight, offset] : [x.value, weight];
      const attributes = { kernel_shape: [kh, kw], strides: [stride, stride], pads };
      return map(graph.node('Conv', inputs, f32([x.n, outChannels, h, w]), { attributes }));
    },

    groupNorm(scope, x, { groups, eps, activation }: GroupNormOptions) {
      if (x.c % groups)
        throw new CheckpointError(`${scope.path}: ${x.c} channels are not divisible into ${groups} groups`);
      // On the CPU, GroupNormalization expands to about thirty nodes; InstanceNormalization over the groups is one.
      const grouped = reshape(x.value, [x.n, groups, (x.c / groups) * x.h * x.w]);
      const ones = graph.constant(new Float32Array(groups).fill(1));
      const zeros = graph.constant(new Float32Array(groups));
      const attributes = { epsilon: float(eps) };
      const normal = graph.node('InstanceNormalization', [grouped, ones, zeros], f32(grouped.shape), { attributes });
      const weight = parameter(scope, 'weight', [x.c], [x.c, 1, 1]);
      const bias = parameter(scope, 'bias', [x.c], [x.c, 1, 1]);
      const y = binary('Add', binary('Mul', reshape(normal, x.value.shape), weight), bias);
      return map(activation ? activate(y, activation) : y);
    },

    activation: (x, kind) => map(activate(x.value, kind)),
    add: (a, b) => map(binary('Add', a.value, b.value)),
    affine: (x, factor, offset) => map(binary('Add', binary('Mul', x.value, scalar(factor)), scalar(offset))),
    tanh: (x) => map(unary('Tanh', x.value)),

    addVector(x, vector) {
      const [batch = 1] = vector.shape;
      const apart = reshape(x.value, [batch, x.n / batch, x.c, x.h * x.w]);
      return map(reshape(binary('Add', apart, reshape(vector, [batch, 1, x.c, 1])), x.value.shape));
    },

    concat(parts) {
      const [first] = parts;
      if (!first) throw new RangeError('nothing to concatenate');
      const c = parts.reduce((sum, part) => sum + part.c, 0);
      const inputs = parts.map((part) => part.value);
      return map(graph.node('Concat', inputs, f32([first.n, c, first.h, first.w]), { attributes: { axis: 1 } }));
    },

    channels(x, count) {
      const inputs = [x.value, int64([0]), int64([count]), int64([1])];
      return map(graph.node('Slice', inputs, f32([x.n, count, x.h, x.w])));
    },

    upsample(x, factor, h = factor * x.h, w = factor * x.w) {
      const scales = graph.constant(Float32Array.of(1, 1, factor, factor));
      const attributes = {
        mode: 'nearest',
        coordinate_transformation_mode: 'asymmetric',
        nearest_mode: 'floor',
      };
      const shape = [x.n, x.c, factor * x.h, factor * x.w];
      const full = graph.node('Resize', [x.value, null, scales], f32(shape), { attributes });
      if (h === factor * x.h && w === factor * x.w) return map(full);
      const inputs = [full, int64([0, 0]), int64([h, w]), int64([2, 3])];
      return map(graph.node('Slice', inputs, f32([x.n, x.c, h, w])));
    },

    framesTogether(x, frames) {
      const apart = reshape(x.value, [x.n / frames, frames, x.c, x.h * x.w]);
      return map(frames === 1 ? reshape(apart, [x.n, x.c, 1, x.h * x.w]) : transpose(apart, [0, 2, 1, 3]));
    },

    framesApart(x, h, w) {
      const apart = x.h === 1 ? x.value : transpose(x.value, [0, 2, 1, 3]);
      return map(reshape(apart, [x.n * x.h, x.c, h, w]));
    },

    mapwise: (x, _, compute) => compute(x),

    toTokens: (x) => transpose(reshape(x.value, [x.n, x.c, x.h * x.w]), [0, 2, 1]),

    toMap(tokens, h, w) {
      const [n = 1, , c = 1] = tokens.shape;
      return map(reshape(transpose(tokens, [0, 2, 1]), [n, c, h, w]));
    },

    swapTokens(tokens, batch) {
      const [n = 1, inner = 1, c = 1] = tokens.shape;
      const apart = reshape(tokens, [batch, n / batch, inner, c]);
      return reshape(transpose(apart, [0, 2, 1, 3]), [batch * inner, n / batch, c]);
    },

    firstToken(tokens) {
      const [n = 1, , c = 1] = tokens.shape;
      const inputs = [tokens, int64([0]), int64([1]), int64([1])];
      return reshape(graph.node('Slice', inputs, f32([n, 1, c])), [n, c]);
    },

    linear(scope, x, outFeatures, { bias = true, extraBias, scale }: LinearOptions = {}) {
      const stored = parameter(scope, 'weight', [outFeatures, x.shape.at(-1) ?? 1]);
      const weight = scale ? binary('Mul', stored, scale) : stored;
      let offset = bias ? parameter(scope, 'bias', [outFeatures]) : null;
      if (!extraBias) return gemm(x, weight, offset, outFeatures);
      const [batch = 1] = extraBias.shape;
      if (batch === 1) {
        const extra = reshape(extraBias, [outFeatures]);
        offset = offset ? binary('Add', offset, extra) : extra;
        return gemm(x, weight, offset, outFeatures);
      }
      const out = gemm(x, weight, offset, outFeatures);
      const apart = reshape(out, [batch, elements(out.shape) / batch / outFeatures, outFeatures]);
      return reshape(binary('Add', apart, reshape(extraBias, [batch, 1, outFeatures])), out.shape);
    },

    layerNorm(scope, x, eps) {
      const size = x.shape.at(-1) ?? 1;
      const inputs = [x, parameter(scope, 'weight', [size]), parameter(scope, 'bias', [size])];
      return graph.node('LayerNormalization', inputs, f32(x.shape), {
        attributes: { axis: -1, epsilon: float(eps) },
      });
    },

    attention: (query, key, value, heads) => attention(graph, query, key, value, heads),

    geglu(scope, x, features) {
      // The matrix has the rows of the value, then those of the gate. Two products over both ranges avoid a split.
      const inFeatures = x.shape.at(-1) ?? 1;
      const weight = scope.tensor('weight', [2 * features, inFeatures]);
      const bias = scope.tensor('bias', [2 * features]);
      const half = (rows: readonly [number, number]) =>
        gemm(
          x,
          loadTensor(scope, weight, [features, inFeatures], rows),
          loadTensor(scope, bias, [features], rows),
          features,
        );
      return binary('Mul', half([0, features]), activate(half([features, 2 * features]), 'gelu'));
    },

    geluGate(x) {
      const axis = x.shape.length - 1;
      const features = (x.shape[axis] ?? 2) / 2;
      const half = (from: number) => {
        const inputs = [x, int64([from]), int64([from + features]), int64([axis])];
        return graph.node('Slice', inputs, f32([...x.shape.slice(0, -1), features]));
      };
      return binary('Mul', half(0), activate(half(features), 'gelu'));
    },

    activate,
    addValues: (a, b) => binary('Add', a, b),
    blend: (a, b, alpha) => binary('Add', binary('Mul', a, alpha), binary('Mul', b, binary('Sub', scalar(1), alpha))),
    parameter: (scope, name, shape) => parameter(scope, name, shape),

    sigmoid(scope, name, { negate } = { negate: false }) {
      const x = parameter(scope, name, [1]);
      return unary('Sigmoid', negate ? unary('Neg', x) : x);
    },

    reshape,
    sum: (x) => graph.node('ReduceSum', [x], f32(x.shape.map(() => 1))),

    concatValues(parts, axis) {
      const [first] = parts;
      if (!first) throw new RangeError('nothing to concatenate');
      const along = parts.reduce((sum, part) => sum + (part.shape[axis] ?? 1), 0);
      const shape = first.shape.map((size, i) => (i === axis ? along : size));
      return graph.node('Concat', parts, { type: first.type, shape }, { attributes: { axis } });
    },
  };
}
