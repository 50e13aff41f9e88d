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

/** Element types that our graphs use, named as ONNX Runtime names them. */
export type ElementType = 'float32' | 'float16' | 'bfloat16' | 'float64' | 'int64' | 'int32' | 'uint8' | 'bool';

/** A tensor in a graph under construction. Shapes are static: a graph is built for the shape of a job. */
export interface Value {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
}

/** Where an initializer's bytes lie: a file relative to the model's folder, and a range of it. */
export interface ExternalData {
  readonly location: string;
  readonly offset: number;
  readonly length: number;
}

/** An attribute: an integer where the number is one, a float where it is wrapped by {@link float}. */
export type Attribute = number | string | readonly number[] | { readonly float: number };

/** Marks a number as a float attribute, which an integral one would not be taken for. */
export const float = (value: number): Attribute => ({ float: value });

export interface NodeOptions {
  readonly attributes?: Readonly<Record<string, Attribute>>;
  /** The operator's set: '' (ai.onnx) if left out. */
  readonly domain?: '' | 'com.microsoft';
  /** Whether outputs behind the first are left out of the graph where nobody reads them. */
  readonly dropUnread?: boolean;
}

/** The version of ai.onnx that the graphs are written in: Gelu came with 20. */
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

/** Elements of a tensor of this shape. */
export const elements = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

/**
 * Builds one ONNX model: nodes in the order they are added, initializers that point into other files, small constants.
 * Every value's shape is known when it is made, so that a module can check what it is given.
 */
export class GraphBuilder {
  readonly #name: string;
  readonly #inputs: ValueInfoProto[] = [];
  readonly #outputs: ValueInfoProto[] = [];
  readonly #initializers = new Map<string, TensorProto>();
  readonly #constants = new Map<string, Value>();
  readonly #nodes: NodeProto[] = [];
  /** All outputs of nodes that may lose some. */
  readonly #dropUnread = new Map<NodeProto, readonly string[]>();
  readonly #values: Value[] = [];
  readonly #sources: Value[] = [];
  #count = 0;

  constructor(name: string) {
    this.#name = name;
  }

  /** Every value that a node makes, in order: what a test looks through for one that is too large. */
  get values(): readonly Value[] {
    return this.#values;
  }

  /** The nodes so far, in order. */
  get nodes(): readonly NodeProto[] {
    this.#leaveOutUnread();
    return this.#nodes;
  }

  /** What the graph is given, and the tensors that it has from the start. */
  get sources(): readonly Value[] {
    return this.#sources;
  }

  input(name: string, type: ElementType, shape: readonly number[]): Value {
    this.#inputs.push(valueInfo(name, type, shape));
    const value: Value = { name, type, shape };
    this.#sources.push(value);
    return value;
  }

  /** Makes a value an output of the graph, under a name of its own. */
  output(name: string, value: Value): void {
    const node = create(NodeProtoSchema, { name, opType: 'Identity', input: [value.name], output: [name] });
    this.#nodes.push(node);
    this.#outputs.push(valueInfo(name, value.type, value.shape));
  }

  /** Adds a node with one output and returns that. An input left out is `null`. */
  node(
    opType: string,
    inputs: readonly (Value | null)[],
    result: { readonly type: ElementType; readonly shape: readonly number[] },
    options: NodeOptions = {},
  ): Value {
    const [value] = this.nodeOf(opType, inputs, [result], options);
    if (!value) throw new RangeError(`${opType} made no output`);
    return value;
  }

  /** Adds a node with several outputs. An output left out is `null`. */
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
    if (options.dropUnread) this.#dropUnread.set(node, node.output);
    this.#values.push(...outputs.filter((value) => value !== null));
    return outputs;
  }

  #leaveOutUnread(): void {
    if (!this.#dropUnread.size) return;
    const read = new Set(this.#nodes.flatMap(({ input }) => input));
    for (const [node, outputs] of this.#dropUnread) {
      const kept = outputs.map((name, i) => (i === 0 || read.has(name) ? name : ''));
      node.output = kept.slice(0, kept.findLastIndex((name) => name !== '') + 1);
    }
  }

  /** An initializer whose bytes stay where they are. The same name again gives the same initializer. */
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
      this.#sources.push({ name, type, shape });
    }
    return { name, type, shape };
  }

  /** A constant held in the graph itself; equal ones are kept once. */
  constant(
    data: Float32Array | BigInt64Array | Int32Array | Uint8Array | Uint16Array,
    shape: readonly number[] = [data.length],
  ): Value {
    if (elements(shape) !== data.length) {
      throw new RangeError(`constant of ${data.length} elements can't have shape [${shape.join(', ')}]`);
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
    this.#sources.push(value);
    return value;
  }

  /** The model's bytes. */
  build(): Uint8Array<ArrayBuffer> {
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
        input: this.#inputs,
        output: this.#outputs,
        valueInfo: this.#values.map(({ name, type, shape }) => valueInfo(name, type, shape)),
      }),
    });
    return toBinary(ModelProtoSchema, model);
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
