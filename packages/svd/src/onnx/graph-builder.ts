import { hideShapes } from './hide-shapes.ts';
import { create, toBinary } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  StringStringEntryProtoSchema,
  TensorProto_DataLocation,
  TensorProto_DataType,
  TensorProtoSchema,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  ValueInfoProtoSchema,
} from './gen/onnx/onnx_pb.ts';
import type { AttributeProto, NodeProto, TensorProto, ValueInfoProto } from './gen/onnx/onnx_pb.ts';

/** Element types of the graphs, with ONNX Runtime's names. */
export type ElementType = 'float32' | 'float16' | 'bfloat16' | 'float64' | 'int64' | 'int32' | 'uint8' | 'bool';

/** A tensor in a graph under construction. All shapes are static: a graph is built for one size and number of frames. */
export interface Value {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
}

/** The position of an initializer's bytes: a file, relative to the folder of the model, and a range of bytes. */
export interface ExternalData {
  readonly location: string;
  readonly offset: number;
  readonly length: number;
}

/** An attribute of a node. A plain number is an integer; {@link float} makes it a float. */
export type Attribute = number | string | readonly number[] | { readonly float: number };

/** Marks a number as a float attribute. */
export const float = (value: number): Attribute => ({ float: value });

/** What a node computes and moves. */
export interface NodeWork {
  /** Floating-point operations of convolutions and matrix products; a multiply-add counts as two. */
  readonly flops: number;
  /** Bytes of its inputs and outputs. */
  readonly bytes: number;
}

export interface NodeOptions {
  readonly attributes?: Readonly<Record<string, Attribute>>;
  /** The domain of the operator; default '' (ai.onnx). */
  readonly domain?: '' | 'com.microsoft';
  /** Whether to omit outputs after the first one that no node reads. Default false. */
  readonly dropUnread?: boolean;
}

/** The version of the ai.onnx operator set. Gelu requires 20 or later. */
export const OPSET = 21;

const DATA_TYPE: Readonly<Record<ElementType, TensorProto_DataType>> = {
  float32: TensorProto_DataType.FLOAT,
  float16: TensorProto_DataType.FLOAT16,
  bfloat16: TensorProto_DataType.BFLOAT16,
  float64: TensorProto_DataType.DOUBLE,
  int64: TensorProto_DataType.INT64,
  int32: TensorProto_DataType.INT32,
  uint8: TensorProto_DataType.UINT8,
  bool: TensorProto_DataType.BOOL,
};

/** The number of elements of a tensor with this shape. */
export const elements = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

/**
 * Builds an ONNX model: nodes in the order in which they are added, initializers that refer to other files, and small
 * constants. The shape of every value is known when it is created.
 */
export class GraphBuilder {
  readonly #name: string;
  readonly #inputs: Value[] = [];
  readonly #outputs: ValueInfoProto[] = [];
  readonly #initializers = new Map<string, TensorProto>();
  readonly #constants = new Map<string, Value>();
  readonly #nodes: NodeProto[] = [];
  /** The complete outputs of nodes with the option `dropUnread`. */
  readonly #dropUnread = new Map<NodeProto, readonly string[]>();
  readonly #values: Value[] = [];
  #count = 0;
  readonly #work: NodeWork[] = [];

  constructor(name: string) {
    this.#name = name;
  }

  get inputs(): readonly Value[] {
    return this.#inputs;
  }

  /** The outputs of all nodes, in order. Tests check their sizes. */
  get values(): readonly Value[] {
    return this.#values;
  }

  /** The work of each node so far, without nodes that compute nothing. */
  get work(): readonly NodeWork[] {
    return this.#work;
  }

  /** The nodes added so far, in order. */
  get nodes(): readonly NodeProto[] {
    this.#omitUnreadOutputs();
    return this.#nodes;
  }

  input(name: string, type: ElementType, shape: readonly number[]): Value {
    const value: Value = { name, type, shape };
    this.#inputs.push(value);
    return value;
  }

  /** Makes a value an output of the graph with the given name. */
  output(name: string, value: Value): void {
    const node = create(NodeProtoSchema, { name, opType: 'Identity', input: [value.name], output: [name] });
    this.#nodes.push(node);
    this.#outputs.push(valueInfo(name, value.type, value.shape));
  }

  /** Adds a node with one output, and returns the output. `null` omits an optional input. */
  node(
    opType: string,
    inputs: readonly (Value | null)[],
    result: { readonly type: ElementType; readonly shape: readonly number[] },
    options: NodeOptions = {},
  ): Value {
    const [value] = this.nodeOf(opType, inputs, [result], options);
    if (!value) throw new RangeError(`${opType} has no output`);
    return value;
  }

  /** Adds a node with several outputs. `null` omits an optional input or output. */
  nodeOf(
    opType: string,
    inputs: readonly (Value | null)[],
    results: readonly ({ readonly type: ElementType; readonly shape: readonly number[] } | null)[],
    options: NodeOptions = {},
  ): (Value | null)[] {
    const id = this.#count++;
    const outputs = results.map((result, i): Value | null => {
      return result && { name: `${opType}_${id}${i ? `.${i}` : ''}`, type: result.type, shape: result.shape };
    });
    const node = create(NodeProtoSchema, {
      name: `${opType}_${id}`,
      opType,
      domain: options.domain ?? '',
      input: inputs.map((value) => value?.name ?? ''),
      output: outputs.map((value) => value?.name ?? ''),
      attribute: Object.entries(options.attributes ?? {}).map(([name, value]) => attribute(name, value)),
    });
    this.#nodes.push(node);
    if (!FREE.has(opType)) {
      const bytes = [...inputs, ...results].reduce((sum, value) => sum + bytesOf(value), 0);
      this.#work.push({ flops: flopsOf(opType, inputs, results[0]?.shape ?? []), bytes });
    }
    if (options.dropUnread) this.#dropUnread.set(node, node.output);
    this.#values.push(...outputs.filter((value) => value !== null));
    return outputs;
  }

  #omitUnreadOutputs(): void {
    if (!this.#dropUnread.size) return;
    const read = new Set(this.#nodes.flatMap(({ input }) => input));
    for (const [node, outputs] of this.#dropUnread) {
      const kept = outputs.map((name, i) => (i === 0 || read.has(name) ? name : ''));
      node.output = kept.slice(0, kept.findLastIndex((name) => name !== '') + 1);
    }
  }

  /** Adds an initializer whose bytes stay in another file. A repeated name returns the same initializer. */
  external(name: string, type: ElementType, shape: readonly number[], data: ExternalData): Value {
    if (!this.#initializers.has(name)) {
      const entries = { location: data.location, offset: String(data.offset), length: String(data.length) };
      this.#initializers.set(
        name,
        create(TensorProtoSchema, {
          name,
          dataType: DATA_TYPE[type],
          dims: shape.map(BigInt),
          dataLocation: TensorProto_DataLocation.EXTERNAL,
          externalData: Object.entries(entries).map(([key, value]) =>
            create(StringStringEntryProtoSchema, { key, value }),
          ),
        }),
      );
    }
    return { name, type, shape };
  }

  /** Adds a constant to the graph. Equal constants are stored once. */
  constant(
    data: Float32Array | BigInt64Array | Int32Array | Uint8Array | Uint16Array,
    shape: readonly number[] = [data.length],
  ): Value {
    if (elements(shape) !== data.length) {
      throw new RangeError(`a constant with ${data.length} elements cannot have the shape [${shape.join(', ')}]`);
    }
    const type = constantType(data);
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const key = `${type}[${shape.join()}]${Buffer.from(bytes).toString('base64')}`;
    const known = this.#constants.get(key);
    if (known) return known;
    const name = `constant_${this.#constants.size}`;
    const proto = { name, dataType: DATA_TYPE[type], dims: shape.map(BigInt), rawData: new Uint8Array(bytes) };
    this.#initializers.set(name, create(TensorProtoSchema, proto));
    const value: Value = { name, type, shape };
    this.#constants.set(key, value);
    return value;
  }

  /**
   * Serialises the model as an ONNX `ModelProto`.
   * @param options.shapes whether ONNX Runtime may know the shapes of all results before a run; see `hideShapes`. Default true.
   */
  build({ shapes = true }: { readonly shapes?: boolean } = {}): Uint8Array<ArrayBuffer> {
    const model = create(ModelProtoSchema, {
      irVersion: 10n,
      producerName: 'cinematica',
      opsetImport: [
        create(OperatorSetIdProtoSchema, { domain: '', version: BigInt(OPSET) }),
        create(OperatorSetIdProtoSchema, { domain: 'com.microsoft', version: 1n }),
      ],
      graph: create(GraphProtoSchema, {
        name: this.#name,
        node: [...this.nodes],
        initializer: [...this.#initializers.values()],
        input: this.#inputs.map(({ name, type, shape }) => valueInfo(name, type, shape)),
        output: this.#outputs,
        valueInfo: this.#values.map(({ name, type, shape }) => valueInfo(name, type, shape)),
      }),
    });
    if (!shapes && model.graph) hideShapes(model.graph);
    return toBinary(ModelProtoSchema, model);
  }
}

/** Operators that neither compute nor copy. */
const FREE: ReadonlySet<string> = new Set(['Reshape', 'Identity']);

const ELEMENT_BYTES: Readonly<Record<ElementType, number>> = {
  float32: 4,
  float16: 2,
  bfloat16: 2,
  float64: 8,
  int64: 8,
  int32: 4,
  uint8: 1,
  bool: 1,
};

const bytesOf = (value: Pick<Value, 'type' | 'shape'> | null): number =>
  value ? elements(value.shape) * ELEMENT_BYTES[value.type] : 0;

/** The floating-point operations of a node: those of its convolution or matrix products, a multiply-add counts as two. */
function flopsOf(opType: string, inputs: readonly (Value | null)[], shape: readonly number[]): number {
  const made = elements(shape);
  const [left, right] = inputs;
  switch (opType) {
    case 'Conv':
    case 'NhwcConv':
      return 2 * made * elements(right?.shape.slice(1) ?? []);
    case 'Gemm':
    case 'MatMul':
      return 2 * made * (left?.shape.at(-1) ?? 0);
    case 'MultiHeadAttention':
      // The scores of each query with each key, and the weighted sum of the values.
      return 4 * made * (right?.shape[1] ?? 0);
    default:
      return 0;
  }
}

function constantType(data: Float32Array | BigInt64Array | Int32Array | Uint8Array | Uint16Array): ElementType {
  if (data instanceof Float32Array) return 'float32';
  if (data instanceof BigInt64Array) return 'int64';
  if (data instanceof Int32Array) return 'int32';
  return data instanceof Uint16Array ? 'float16' : 'uint8';
}

function attribute(name: string, value: Attribute): AttributeProto {
  const { FLOAT, INT, INTS, STRING } = AttributeProto_AttributeType;
  if (typeof value === 'number') return create(AttributeProtoSchema, { name, type: INT, i: BigInt(value) });
  if (typeof value === 'string') {
    return create(AttributeProtoSchema, { name, type: STRING, s: new TextEncoder().encode(value) });
  }
  if ('float' in value) return create(AttributeProtoSchema, { name, type: FLOAT, f: value.float });
  return create(AttributeProtoSchema, { name, type: INTS, ints: value.map(BigInt) });
}

function valueInfo(name: string, type: ElementType, shape: readonly number[]): ValueInfoProto {
  const dim = shape.map((size) =>
    create(TensorShapeProto_DimensionSchema, { value: { case: 'dimValue', value: BigInt(size) } }),
  );
  const tensor = create(TypeProto_TensorSchema, {
    elemType: DATA_TYPE[type],
    shape: create(TensorShapeProtoSchema, { dim }),
  });
  return create(ValueInfoProtoSchema, {
    name,
    type: create(TypeProtoSchema, { value: { case: 'tensorType', value: tensor } }),
  });
}
