import { broadcast } from '../../onnx/arithmetic.ts';
import { elements } from '../../onnx/graph-builder.ts';
import {
  MOST_ELEMENTS,
  MOST_SEQUENCES,
  takesAttention,
  takesBiasAdd,
  takesBiasSplitGelu,
  takesGroupNorm,
} from './limits.ts';
import type { NodeView, TensorView } from './model-view.ts';

/** A node with all that its kernel's rules look at. */
export interface KernelCall {
  readonly inputs: readonly (TensorView | undefined)[];
  int(name: string): number | undefined;
  ints(name: string): readonly number[];
  /** Whether a tensor is known when the graph is loaded. */
  constant(tensor: TensorView | undefined): boolean;
}

/** What ONNX Runtime's CUDA provider has for an operator, at the opset that our graphs are written in. */
export interface Kernel {
  /** Element types of the first input, and of what has to be of its type. */
  readonly types: readonly TensorView['type'][];
  /** The shapes of the outputs, by the operator's definition. */
  readonly shapes: (call: KernelCall) => readonly (readonly number[])[];
  /** What the kernel asks for beyond the definition: a complaint, where it is not met. */
  readonly asks?: (call: KernelCall) => string | false;
}

const FLOATS = ['float16', 'float32'] as const;
const ANY = [...FLOATS, 'bfloat16', 'float64', 'int64', 'int32', 'uint8', 'bool'] as const;

const shape = (call: KernelCall, index: number): readonly number[] => call.inputs[index]?.shape ?? [];
const values = (call: KernelCall, index: number): readonly number[] => call.inputs[index]?.values ?? [];
const asFirst = (call: KernelCall) => [shape(call, 0)];
const broadcasting = (call: KernelCall) => [broadcast(shape(call, 0), shape(call, 1))];
const unary: Kernel = { types: FLOATS, shapes: asFirst };
const binary: Kernel = { types: FLOATS, shapes: broadcasting };
const replace = (from: readonly number[], axis: number, size: number) =>
  from.map((old, i) => (i === (axis < 0 ? axis + from.length : axis) ? size : old));

const vectors = (call: KernelCall, from: number, to: number, c: number) =>
  call.inputs.slice(from, to).every((tensor) => !tensor || (tensor.shape.length === 1 && tensor.shape[0] === c));

/** GroupNorm and SkipGroupNorm. */
function groupNormAsks(call: KernelCall): string | false {
  const [, h = 0, w = 0, c = 0] = shape(call, 0);
  if (shape(call, 0).length !== 4) return 'takes four dimensions';
  if (call.int('channels_last') !== 1) return 'takes channels last only';
  if (call.int('activation') === undefined || call.int('groups') === undefined) return 'needs activation and groups';
  if ([1, 2].some((i) => call.inputs[i]?.type !== 'float32')) return 'takes gamma and beta in float32 only';
  if (!vectors(call, 1, 3, c)) return 'takes gamma and beta [c]';
  if (!takesGroupNorm(c, call.int('groups') ?? 0)) return 'takes an even number of channels a group only';
  return h * w * c > MOST_ELEMENTS && 'counts the elements of a map in 32 bits';
}

/**
 * By operator; from docs/OperatorKernels.md (CUDAExecutionProvider) and docs/ContribOperators.md of ONNX Runtime, and for
 * `asks` its source. Opset 21: Cast, Reshape and Transpose 21, Identity, Resize and Gelu 19 to 20, the rest older.
 */
export const CUDA_KERNELS: Readonly<Record<string, Kernel>> = {
  Add: binary,
  Sub: binary,
  Mul: binary,
  Neg: unary,
  Sigmoid: unary,
  Tanh: unary,
  Relu: unary,
  Softplus: unary,
  Gelu: unary,
  Round: unary,
  Clip: unary,
  Identity: { types: ANY, shapes: asFirst },
  Cast: { types: ANY, shapes: asFirst },
  Reshape: { types: ANY, shapes: (call) => [values(call, 1)] },
  Expand: { types: ANY, shapes: (call) => [broadcast(shape(call, 0), values(call, 1))] },
  Transpose: { types: ANY, shapes: (call) => [call.ints('perm').map((axis) => shape(call, 0)[axis] ?? NaN)] },
  Concat: {
    types: ANY,
    shapes(call) {
      const axis = call.int('axis') ?? NaN;
      const along = call.inputs.reduce((sum, tensor) => sum + (tensor?.shape[axis] ?? NaN), 0);
      return [replace(shape(call, 0), axis, along)];
    },
    asks(call) {
      const apart = (tensor: TensorView | undefined) => replace(tensor?.shape ?? [], call.int('axis') ?? NaN, 0).join();
      return new Set(call.inputs.map(apart)).size > 1 && 'joins tensors that differ along the axis only';
    },
  },
  Slice: {
    types: ANY,
    shapes(call) {
      const [from = NaN, to = NaN, axis = NaN] = [1, 2, 3].map((i) => values(call, i)[0]);
      return [replace(shape(call, 0), axis, Math.min(to, shape(call, 0)[axis] ?? NaN) - from)];
    },
  },
  Resize: {
    types: FLOATS,
    shapes: (call) => [shape(call, 0).map((size, i) => Math.floor(size * (values(call, 2)[i] ?? NaN)))],
  },
  InstanceNormalization: { types: FLOATS, shapes: asFirst },
  LayerNormalization: {
    types: FLOATS,
    shapes: asFirst,
    asks: (call) => !vectors(call, 1, 3, shape(call, 0).at(-1) ?? NaN) && 'takes scale and bias over the last axis',
  },
  Gemm: {
    types: FLOATS,
    shapes: (call) => [[shape(call, 0)[0] ?? NaN, shape(call, 1)[0] ?? NaN]],
    asks(call) {
      if (call.int('transB') !== 1 || shape(call, 0).length !== 2) return 'is expected with transB over two dimensions';
      if (shape(call, 0)[1] !== shape(call, 1)[1]) return 'has inner sizes that differ';
      return !vectors(call, 2, 3, shape(call, 1)[0] ?? NaN) && 'takes a bias [out]';
    },
  },
  'com.microsoft.NhwcConv': {
    types: FLOATS,
    shapes(call) {
      const [n = NaN, h = NaN, w = NaN] = shape(call, 0);
      const [out = NaN, kh = NaN, kw = NaN] = shape(call, 1);
      const [top = NaN, left = NaN, bottom = NaN, right = NaN] = call.ints('pads');
      const [down = NaN, across = NaN] = call.ints('strides');
      const rows = Math.floor((h + top + bottom - kh) / down) + 1;
      return [[n, rows, Math.floor((w + left + right - kw) / across) + 1, out]];
    },
    asks(call) {
      const [, kh, kw, input] = shape(call, 1);
      if (shape(call, 0)[3] !== input)
        return 'has a kernel for another number of channels: [out, kh, kw, in] is wanted';
      if (call.ints('kernel_shape').join() !== [kh, kw].join()) return 'has a kernel_shape that is not the kernel’s';
      if (!vectors(call, 2, 3, shape(call, 1)[0] ?? NaN)) return 'takes a bias [out]';
      return !call.constant(call.inputs[1]) && 'misreads a kernel that is not constant';
    },
  },
  'com.microsoft.GroupNorm': { types: FLOATS, shapes: asFirst, asks: groupNormAsks },
  'com.microsoft.SkipGroupNorm': {
    types: FLOATS,
    shapes: (call) => [shape(call, 0), shape(call, 0)],
    asks(call) {
      const [n, , , c = 0] = shape(call, 0);
      const allowed = [shape(call, 0), [n, c], [n, 1, 1, c]].map((option) => option.join());
      if (!allowed.includes(shape(call, 3).join())) return 'takes a skip like its input, or one vector a map';
      return vectors(call, 4, 5, c) ? groupNormAsks(call) : 'takes a bias [c]';
    },
  },
  'com.microsoft.SkipLayerNormalization': {
    types: FLOATS,
    shapes: (call) => [shape(call, 0), [], [], shape(call, 0)],
    asks(call) {
      if (shape(call, 0).length !== 3) return 'takes three dimensions';
      if (shape(call, 0).join() !== shape(call, 1).join()) return 'takes a skip like its input';
      return !vectors(call, 2, 5, shape(call, 0)[2] ?? NaN) && 'takes vectors [c]';
    },
  },
  'com.microsoft.BiasAdd': {
    types: FLOATS,
    shapes: asFirst,
    asks(call) {
      const c = shape(call, 0)[2] ?? 0;
      if (shape(call, 0).length !== 3 || !takesBiasAdd(c)) return 'takes [n, s, c] with 320, 640 or 1280 channels only';
      if (shape(call, 0).join() !== shape(call, 2).join()) return 'takes a skip like its input';
      return !vectors(call, 1, 2, c) && 'takes a bias [c]';
    },
  },
  'com.microsoft.BiasSplitGelu': {
    types: FLOATS,
    shapes: (call) => [replace(shape(call, 0), -1, (shape(call, 0).at(-1) ?? NaN) / 2)],
    asks(call) {
      const width = shape(call, 0)[2] ?? 0;
      if (shape(call, 0).length !== 3 || !takesBiasSplitGelu(width)) return 'takes [n, s, 2560, 5120 or 10240] only';
      return !vectors(call, 1, 2, width) && 'takes a bias of its last axis';
    },
  },
  'com.microsoft.MultiHeadAttention': {
    types: FLOATS,
    shapes: asFirst,
    asks(call) {
      const [n = NaN, s = NaN, c = NaN] = shape(call, 0);
      const heads = call.int('num_heads') ?? NaN;
      const keys = shape(call, 1)[1] ?? NaN;
      if ([1, 2].some((i) => shape(call, i)[0] !== n || shape(call, i)[2] !== c)) return 'takes [n, s, c] three times';
      if (n > MOST_SEQUENCES) return `takes ${MOST_SEQUENCES} sequences at most`;
      const held = !takesAttention(c / heads);
      return held && elements([n, heads, s, keys]) > MOST_SCORES && 'would hold all its scores with heads of this size';
    },
  },
};

/** Scores that attention may hold where its heads are of a size that no flash kernel takes: 128 MiB in float16. */
const MOST_SCORES = 2 ** 26;

/** How {@link CUDA_KERNELS} calls a node's operator. */
export const kernelName = ({ domain, opType }: NodeView): string => (domain ? `${domain}.${opType}` : opType);
