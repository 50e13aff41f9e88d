/** Small graphs for the tests of the runtime. */
import { create, toBinary } from '@bufbuild/protobuf';
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { GraphProtoSchema } from '../onnx/gen/onnx/onnx_pb.ts';
import {
  AttributeProto_AttributeType,
  ModelProtoSchema,
  TensorProto_DataLocation,
  TensorProto_DataType,
} from '../onnx/gen/onnx/onnx_pb.ts';

type GraphInit = MessageInitShape<typeof GraphProtoSchema>;

const { FLOAT, FLOAT16, INT64, INT32, UINT8, BOOL } = TensorProto_DataType;
const elemTypes = { float32: FLOAT, float16: FLOAT16, int64: INT64, int32: INT32, uint8: UINT8, bool: BOOL };

const value = (name: string, elemType: number, dims: readonly number[]) => {
  const dim = dims.map((size) => ({ value: { case: 'dimValue' as const, value: BigInt(size) } }));
  return { name, type: { value: { case: 'tensorType' as const, value: { elemType, shape: { dim } } } } };
};

const model = (graph: GraphInit): Uint8Array =>
  toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, { irVersion: 10n, opsetImport: [{ domain: '', version: 20n }], graph }),
  );

/** y = x, of any type. */
export const identityGraph = (type: keyof typeof elemTypes, dims: readonly number[]): Uint8Array =>
  model({
    name: 'identity',
    node: [{ opType: 'Identity', input: ['x'], output: ['y'] }],
    input: [value('x', elemTypes[type], dims)],
    output: [value('y', elemTypes[type], dims)],
  });

/** y = softmax(a · b), square. */
export const softmaxGraph = (size: number): Uint8Array =>
  model({
    name: 'softmax',
    node: [
      { opType: 'MatMul', input: ['a', 'b'], output: ['c'] },
      { opType: 'Softmax', input: ['c'], output: ['y'] },
    ],
    input: [value('a', FLOAT, [size, size]), value('b', FLOAT, [size, size])],
    output: [value('y', FLOAT, [size, size])],
  });

/** y = x + w, where w is a float tensor at an offset of a file. */
export const externalGraph = (location: string, offset: number, count: number): Uint8Array =>
  model({
    name: 'external',
    node: [{ opType: 'Add', input: ['x', 'w'], output: ['y'] }],
    initializer: [
      {
        name: 'w',
        dims: [BigInt(count)],
        dataType: FLOAT,
        dataLocation: TensorProto_DataLocation.EXTERNAL,
        externalData: Object.entries({ location, offset: `${offset}`, length: `${count * 4}` }).map(([key, of]) => ({
          key,
          value: of,
        })),
      },
    ],
    input: [value('x', FLOAT, [count])],
    output: [value('y', FLOAT, [count])],
  });

/** y = x · wᶜᵒᵘⁿᵗ, where `count` is an input. The run time is proportional to it. */
export const slowGraph = (size: number): Uint8Array =>
  model({
    name: 'slow',
    node: [
      {
        opType: 'Loop',
        input: ['count', '', 'x'],
        output: ['y'],
        attribute: [
          {
            name: 'body',
            type: AttributeProto_AttributeType.GRAPH,
            g: {
              name: 'body',
              node: [
                { opType: 'MatMul', input: ['before', 'w'], output: ['after'] },
                { opType: 'Identity', input: ['going'], output: ['goOn'] },
              ],
              input: [value('i', INT64, []), value('going', BOOL, []), value('before', FLOAT, [size, size])],
              output: [value('goOn', BOOL, []), value('after', FLOAT, [size, size])],
            },
          },
        ],
      },
    ],
    input: [value('count', INT64, []), value('x', FLOAT, [size, size]), value('w', FLOAT, [size, size])],
    output: [value('y', FLOAT, [size, size])],
  });
