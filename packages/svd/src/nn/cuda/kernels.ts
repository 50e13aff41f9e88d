import { broadcast } from '../../onnx/arithmetic.ts';
import { elements } from '../../onnx/graph-builder.ts';
import {
  MAX_ELEMENTS,
  MAX_SEQUENCES,
  supportsFlashAttention,
  supportsBiasAdd,
  supportsBiasSplitGelu,
  supportsGroupNorm,
} from './limits.ts';
import type { NodeView, TensorView } from './model-view.ts';

/** The properties of a node that the rules of a kernel use. */
export interface KernelCall {
  readonly inputs: readonly (TensorView | undefined)[];
  int(name: string): number | undefined;
  ints(name: string): readonly number[];
  /** Whether the value of a tensor is known when the graph is loaded. */
  constant(tensor: TensorView | undefined): boolean;
}

/** The CUDA provider's kernel for an operator, in the opset of the graphs. */
export interface Kernel {
  /** Supported element types of the first input. Most other inputs and the outputs must have the same type. */
  readonly types: readonly TensorView['type'][];
  /** The shapes of the outputs, by the definition of the operator. */
  readonly shapes: (call: KernelCall) => readonly (readonly number[])[];
  /** Checks restrictions of the kernel beyond the definition of the operator. Returns the violated restriction, or false. */
  readonly restriction?: (call: KernelCall) => string | false;
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
function groupNormRestriction(call: KernelCall): string | false {
  const [, h = 0, w = 0, c = 0] = shape(call, 0);
  if (shape(call, 0).length !== 4) return 'requires four dimensions';
  if (call.int('channels_last') !== 1) return 'requires channels last';
  if (call.int('activation') === undefined || call.int('groups') === undefined) return 'needs activation and groups';
  if ([1, 2].some((i) => call.inputs[i]?.type !== 'float32')) return 'requires gamma and beta in float32';
  if (!vectors(call, 1, 3, c)) return 'requires gamma and beta [c]';
  if (!supportsGroupNorm(c, call.int('groups') ?? 0)) return 'requires an even number of channels per group';
  return h * w * c > MAX_ELEMENTS && 'counts the elements of a map with 32 bits';
}

/**
 * The kernels by operator, from docs/OperatorKernels.md (CUDAExecutionProvider) and docs/ContribOperators.md of ONNX
 * Runtime; the restrictions are from its source. For opset 21: Cast, Reshape and Transpose 21, Identity, Resize and Gelu
 * 19 to 20, others older.
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
  ReduceSum: { types: FLOATS, shapes: (call) => [shape(call, 0).map(() => 1)] },
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
    restriction(call) {
      const apart = (tensor: TensorView | undefined) => replace(tensor?.shape ?? [], call.int('axis') ?? NaN, 0).join();
      return new Set(call.inputs.map(apart)).size > 1 && 'requires shapes that differ only along the axis';
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
    restriction: (call) =>
      !vectors(call, 1, 3, shape(call, 0).at(-1) ?? NaN) && 'requires scale and bias over the last axis',
  },
  Gemm: {
    types: FLOATS,
    shapes: (call) => [[shape(call, 0)[0] ?? NaN, shape(call, 1)[0] ?? NaN]],
    restriction(call) {
      if (call.int('transB') !== 1 || shape(call, 0).length !== 2) return 'requires transB and two dimensions';
      if (shape(call, 0)[1] !== shape(call, 1)[1]) return 'has different inner sizes';
      return !vectors(call, 2, 3, shape(call, 1)[0] ?? NaN) && 'requires a bias [out]';
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
    restriction(call) {
      const [, kh, kw, input] = shape(call, 1);
      if (shape(call, 0)[3] !== input)
        return 'has a weight with another number of channels; expected [out, kh, kw, in]';
      if (call.ints('kernel_shape').join() !== [kh, kw].join())
        return 'has a kernel_shape that differs from the weight';
      if (!vectors(call, 2, 3, shape(call, 1)[0] ?? NaN)) return 'requires a bias [out]';
      return !call.constant(call.inputs[1]) && 'misreads a weight that is not constant';
    },
  },
  'com.microsoft.GroupNorm': { types: FLOATS, shapes: asFirst, restriction: groupNormRestriction },
  'com.microsoft.SkipGroupNorm': {
    types: FLOATS,
    shapes: (call) => [shape(call, 0), shape(call, 0)],
    restriction(call) {
      const [n, , , c = 0] = shape(call, 0);
      const allowed = [shape(call, 0), [n, c], [n, 1, 1, c]].map((option) => option.join());
      if (!allowed.includes(shape(call, 3).join()))
        return 'requires a skip with the shape of the input, or one vector per map';
      return vectors(call, 4, 5, c) ? groupNormRestriction(call) : 'requires a bias [c]';
    },
  },
  'com.microsoft.SkipLayerNormalization': {
    types: FLOATS,
    shapes: (call) => [shape(call, 0), [], [], shape(call, 0)],
    restriction(call) {
      if (shape(call, 0).length !== 3) return 'requires three dimensions';
      if (shape(call, 0).join() !== shape(call, 1).join()) return 'requires a skip with the shape of the input';
      return !vectors(call, 2, 5, shape(call, 0)[2] ?? NaN) && 'requires vectors [c]';
    },
  },
  'com.microsoft.BiasAdd': {
    types: FLOATS,
    shapes: asFirst,
    restriction(call) {
      const c = shape(call, 0)[2] ?? 0;
      if (shape(call, 0).length !== 3 || !supportsBiasAdd(c))
        return 'requires [n, s, c] with 320, 640 or 1280 channels';
      if (shape(call, 0).join() !== shape(call, 2).join()) return 'requires a skip with the shape of the input';
      return !vectors(call, 1, 2, c) && 'requires a bias [c]';
    },
  },
  'com.microsoft.BiasSplitGelu': {
    types: FLOATS,
    shapes: (call) => [replace(shape(call, 0), -1, (shape(call, 0).at(-1) ?? NaN) / 2)],
    restriction(call) {
      const width = shape(call, 0)[2] ?? 0;
      if (shape(call, 0).length !== 3 || !supportsBiasSplitGelu(width)) return 'requires [n, s, 2560, 5120 or 10240]';
      return !vectors(call, 1, 2, width) && 'requires a bias with the size of the last axis';
    },
  },
  'com.microsoft.MultiHeadAttention': {
    types: FLOATS,
    shapes: asFirst,
    restriction(call) {
      const [n = NaN, s = NaN, c = NaN] = shape(call, 0);
      const heads = call.int('num_heads') ?? NaN;
      const keys = shape(call, 1)[1] ?? NaN;
      if ([1, 2].some((i) => shape(call, i)[0] !== n || shape(call, i)[2] !== c))
        return 'requires [n, s, c] three times';
      if (n > MAX_SEQUENCES) return `supports at most ${MAX_SEQUENCES} sequences`;
      const keepsScores = !supportsFlashAttention(c / heads);
      return (
        keepsScores &&
        elements([n, heads, s, keys]) > MAX_SCORES &&
        'would keep all scores in memory with this head size'
      );
    },
  },
};

/** Maximum number of scores for a head size that flash attention does not support: 128 MiB in float16. */
const MAX_SCORES = 2 ** 26;

/** The key of a node's operator in {@link CUDA_KERNELS}. */
export const kernelName = ({ domain, opType }: NodeView): string => (domain ? `${domain}.${opType}` : opType);
