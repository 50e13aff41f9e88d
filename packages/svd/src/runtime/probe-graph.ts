import { create, toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema, TensorProto_DataType } from '../onnx/gen/onnx/onnx_pb.ts';

/** A minimal graph, y = x + x with one float. It shows whether an execution provider works. */
export function probeGraph(): Uint8Array {
  const one = {
    elemType: TensorProto_DataType.FLOAT,
    shape: { dim: [{ value: { case: 'dimValue' as const, value: 1n } }] },
  };
  const type = { value: { case: 'tensorType' as const, value: one } };
  return toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion: 10n,
      opsetImport: [{ domain: '', version: 20n }],
      graph: {
        name: 'probe',
        node: [{ opType: 'Add', input: ['x', 'x'], output: ['y'] }],
        input: [{ name: 'x', type }],
        output: [{ name: 'y', type }],
      },
    }),
  );
}
