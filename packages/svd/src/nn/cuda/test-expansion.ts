import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  TensorProto_DataType,
  TensorProtoSchema,
} from '../../onnx/gen/onnx/onnx_pb.ts';
import type { AttributeProto, GraphProto, NodeProto } from '../../onnx/gen/onnx/onnx_pb.ts';

/**
 * Replaces operators that only CUDA supports by standard operators in a finished model, so that a graph for CUDA can run on
 * the CPU. It follows ONNX Runtime's documentation (docs/ContribOperators.md), and shares no code with the emitter.
 * Operators that the CPU supports, too (MultiHeadAttention, SkipLayerNormalization), remain.
 */
export function expandCudaOperators(bytes: Uint8Array): Uint8Array {
  const model = fromBinary(ModelProtoSchema, bytes);
  const { graph } = model;
  if (!graph) throw new TypeError('the model has no graph');
  const types = typesOf(graph);
  const initializers = [...graph.initializer];
  graph.node = graph.node.flatMap((node) => {
    const expand = node.domain === 'com.microsoft' ? EXPANSIONS[node.opType] : undefined;
    if (!expand) return [node];
    const writer = createWriter(node, types);
    expand(writer);
    initializers.push(...writer.constants);
    return writer.nodes;
  });
  graph.initializer = initializers;
  return toBinary(ModelProtoSchema, model);
}

type Writer = ReturnType<typeof createWriter>;

interface TensorInfo {
  readonly type: number;
  readonly shape: readonly number[];
}

const EXPANSIONS: Readonly<Record<string, (w: Writer) => void>> = {
  NhwcConv(w) {
    const [x, weight, bias] = [w.input(0), w.input(1), w.optional(2)];
    const first = [
      w.node('Transpose', [x], { perm: [0, 3, 1, 2] }),
      w.node('Transpose', [weight], { perm: [0, 3, 1, 2] }),
    ];
    const y = w.node('Conv', bias ? [...first, bias] : first, {
      kernel_shape: w.ints('kernel_shape'),
      strides: w.ints('strides'),
      pads: w.ints('pads'),
    });
    w.output(0, w.node('Transpose', [y], { perm: [0, 2, 3, 1] }));
  },

  GroupNorm: (w) => groupNorm(w, w.float(w.input(0))),

  SkipGroupNorm(w) {
    const [x, skip, bias] = [w.input(0), w.input(3), w.optional(4)];
    const [n = 1] = w.shape(x);
    const [, c = 1] = w.shape(skip);
    const aligned = w.shape(skip).length === 2 ? w.reshape(skip, [n, 1, 1, c]) : skip;
    // In the order and precision of the kernel.
    const biased = bias ? w.node('Add', [x, bias]) : x;
    const sum = w.node('Add', [biased, aligned]);
    groupNorm(w, w.float(sum));
    w.output(1, sum);
  },

  BiasSplitGelu(w) {
    const x = w.input(0);
    const half = (w.shape(x).at(-1) ?? 0) / 2;
    const sum = w.float(w.node('Add', [x, w.input(1)]));
    const part = (from: number) => w.node('Slice', [sum, w.int64([from]), w.int64([from + half]), w.int64([2])]);
    w.output(0, w.back(w.node('Mul', [part(0), w.node('Gelu', [part(half)])])));
  },

  BiasAdd: (w) => w.output(0, w.node('Add', [w.node('Add', [w.input(0), w.input(1)]), w.input(2)])),
};

/** Writes the GroupNorm of `x` (float32) as the node's first output, with the node's gamma, beta and attributes. */
function groupNorm(w: Writer, x: string): void {
  const [n = 1, height = 1, width = 1, c = 1] = w.shape(w.input(0));
  if (w.int('channels_last') !== 1) throw new TypeError('the CUDA kernel requires channels last');
  for (const input of [1, 2]) {
    if (w.typeOf(w.input(input)) !== TensorProto_DataType.FLOAT) throw new TypeError('gamma and beta must be float32');
  }
  const groups = w.int('groups');
  const inGroups = w.reshape(x, [n, height * width, groups, c / groups]);
  const flat = w.reshape(w.node('Transpose', [inGroups], { perm: [0, 2, 1, 3] }), [n, groups, -1]);
  const ones = w.float32(new Float32Array(groups).fill(1));
  const normal = w.node('InstanceNormalization', [flat, ones, w.float32(new Float32Array(groups))], {
    epsilon: w.attribute('epsilon'),
  });
  const apart = w.reshape(normal, [n, groups, height * width, c / groups]);
  const back = w.reshape(w.node('Transpose', [apart], { perm: [0, 2, 1, 3] }), [n, height, width, c]);
  const y = w.node('Add', [w.node('Mul', [back, w.input(1)]), w.input(2)]);
  const activation = w.int('activation');
  w.output(0, w.back(activation === 1 ? w.node('Mul', [y, w.node('Sigmoid', [y])]) : y));
}

/** Creates a writer for the nodes that replace one node. Their names begin with its name. */
function createWriter(original: NodeProto, types: ReadonlyMap<string, TensorInfo>) {
  const nodes: NodeProto[] = [];
  const constants: GraphProto['initializer'] = [];
  const info = (name: string): TensorInfo => {
    const known = types.get(name);
    if (!known) throw new TypeError(`${original.name}: "${name}" has no type and shape`);
    return known;
  };
  const attribute = (name: string): AttributeProto => {
    const found = original.attribute.find((candidate) => candidate.name === name);
    if (!found) throw new TypeError(`${original.name} has no attribute "${name}"`);
    return found;
  };
  const optional = (index: number) => (original.input[index] === '' ? undefined : original.input[index]);
  const input = (index: number): string => {
    const name = optional(index);
    if (!name) throw new TypeError(`${original.name} has no input ${index}`);
    return name;
  };

  function constant(dataType: TensorProto_DataType, data: Float32Array | BigInt64Array): string {
    const name = `${original.name}/constant_${constants.length}`;
    const rawData = new Uint8Array(data.buffer.slice(0));
    constants.push(create(TensorProtoSchema, { name, dataType, dims: [BigInt(data.length)], rawData }));
    return name;
  }

  type AttributeValue = readonly number[] | number | AttributeProto;
  function node(opType: string, inputs: readonly string[], attributes: Readonly<Record<string, AttributeValue>> = {}) {
    const output = `${original.name}/${nodes.length}`;
    const written = Object.entries(attributes).map(([name, value]) => {
      if (typeof value === 'number') {
        return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.INT, i: BigInt(value) });
      }
      if ('$typeName' in value) return value;
      return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.INTS, ints: value.map(BigInt) });
    });
    nodes.push(
      create(NodeProtoSchema, { name: output, opType, input: [...inputs], output: [output], attribute: written }),
    );
    return output;
  }

  const int64 = (values: readonly number[]) => constant(TensorProto_DataType.INT64, BigInt64Array.from(values, BigInt));
  const cast = (x: string, to: number) => node('Cast', [x], { to });
  const type = info(input(0)).type;
  return {
    nodes,
    constants,
    input,
    optional,
    attribute,
    node,
    int64,
    float32: (values: Float32Array) => constant(TensorProto_DataType.FLOAT, values),
    shape: (name: string) => info(name).shape,
    typeOf: (name: string) => info(name).type,
    int: (name: string) => Number(attribute(name).i),
    ints: (name: string) => attribute(name).ints.map(Number),
    reshape: (x: string, shape: readonly number[]) => node('Reshape', [x, int64(shape)]),
    /** Casts to float32, the precision of the kernels' arithmetic, and back to the type of the graph. */
    float: (x: string) => (type === TensorProto_DataType.FLOAT ? x : cast(x, TensorProto_DataType.FLOAT)),
    back: (x: string) => (type === TensorProto_DataType.FLOAT ? x : cast(x, type)),
    output(index: number, value: string) {
      const name = original.output[index];
      if (name) nodes.push(create(NodeProtoSchema, { name, opType: 'Identity', input: [value], output: [name] }));
    },
  };
}

/** The type and shape of every named tensor. */
function typesOf(graph: GraphProto): ReadonlyMap<string, TensorInfo> {
  const types = new Map<string, TensorInfo>();
  for (const { name, type } of [...graph.input, ...graph.valueInfo]) {
    if (type?.value.case !== 'tensorType') continue;
    const { elemType, shape } = type.value.value;
    const sizes = shape?.dim.map(({ value }) => (value.case === 'dimValue' ? Number(value.value) : NaN)) ?? [];
    types.set(name, { type: elemType, shape: sizes });
  }
  for (const { name, dataType, dims } of graph.initializer)
    types.set(name, { type: dataType, shape: dims.map(Number) });
  return types;
}
