import { fromBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema, TensorProto_DataType } from '../../onnx/gen/onnx/onnx_pb.ts';
import type { AttributeProto, GraphProto } from '../../onnx/gen/onnx/onnx_pb.ts';
import type { ElementType } from '../../onnx/graph-builder.ts';

/** A tensor of a finished model. */
export interface TensorView {
  readonly name: string;
  readonly type: ElementType | 'another type';
  readonly shape: readonly number[];
  /** The values of a small constant. */
  readonly values?: readonly number[];
}

/** A node of a finished model, with the types and shapes of its inputs and outputs. */
export interface NodeView {
  readonly name: string;
  readonly opType: string;
  readonly domain: string;
  /** `undefined` for an omitted input; only a name if type and shape are unknown. */
  readonly inputs: readonly (TensorView | string | undefined)[];
  readonly outputs: readonly (TensorView | string | undefined)[];
  attribute(name: string): AttributeProto | undefined;
}

const TYPES: ReadonlyMap<number, ElementType> = new Map([
  [TensorProto_DataType.FLOAT, 'float32'],
  [TensorProto_DataType.FLOAT16, 'float16'],
  [TensorProto_DataType.BFLOAT16, 'bfloat16'],
  [TensorProto_DataType.DOUBLE, 'float64'],
  [TensorProto_DataType.INT64, 'int64'],
  [TensorProto_DataType.INT32, 'int32'],
  [TensorProto_DataType.UINT8, 'uint8'],
  [TensorProto_DataType.BOOL, 'bool'],
]);

export interface ModelView {
  readonly opset: number;
  readonly inputs: readonly TensorView[];
  readonly initializers: readonly TensorView[];
  readonly nodes: readonly NodeView[];
  readonly outputs: readonly TensorView[];
}

/** Parses a serialised model. */
export function viewModel(bytes: Uint8Array): ModelView {
  const { graph, opsetImport } = fromBinary(ModelProtoSchema, bytes);
  if (!graph) throw new TypeError('the model has no graph');
  const inputs = graph.input.map(infoOf);
  const outputs = graph.output.map(infoOf);
  const initializers = graph.initializer.map(initializerOf);
  const known = new Map(
    [...inputs, ...initializers, ...graph.valueInfo.map(infoOf), ...outputs].map((t) => [t.name, t]),
  );
  const find = (name: string) => (name === '' ? undefined : (known.get(name) ?? name));
  const nodes = graph.node.map((node): NodeView => ({
    name: node.name,
    opType: node.opType,
    domain: node.domain,
    inputs: node.input.map(find),
    outputs: node.output.map(find),
    attribute: (name) => node.attribute.find((attribute) => attribute.name === name),
  }));
  const opset = Number(opsetImport.find(({ domain }) => domain === '')?.version ?? 0);
  return { opset, inputs, initializers, nodes, outputs };
}

function infoOf({ name, type }: GraphProto['input'][number]): TensorView {
  if (type?.value.case !== 'tensorType') throw new TypeError(`"${name}" is not a tensor`);
  const { elemType, shape } = type.value.value;
  const sizes = shape?.dim.map(({ value }) => (value.case === 'dimValue' ? Number(value.value) : NaN)) ?? [];
  return { name, type: TYPES.get(elemType) ?? 'another type', shape: sizes };
}

function initializerOf({ name, dataType, dims, rawData }: GraphProto['initializer'][number]): TensorView {
  const type = TYPES.get(dataType) ?? 'another type';
  const view: TensorView = { name, type, shape: dims.map(Number) };
  if (rawData.length === 0 || rawData.length > 64) return view;
  const bytes = rawData.slice().buffer;
  if (type === 'int64') return { ...view, values: Array.from(new BigInt64Array(bytes), Number) };
  return type === 'float32' ? { ...view, values: [...new Float32Array(bytes)] } : view;
}
