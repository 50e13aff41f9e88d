import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import type { FusedOperator } from '../../nn/fused-operators.ts';
import { ModelProtoSchema, NodeProtoSchema } from '../../onnx/gen/onnx/onnx_pb.ts';

/** Changes a finished model so that a fused operator gives wrong numbers: x + x·tanh(x) instead of x. */
export function lieAbout(operators: readonly FusedOperator[], bytes: Uint8Array): Uint8Array {
  const model = fromBinary(ModelProtoSchema, bytes);
  const { graph } = model;
  if (!graph) throw new TypeError('the model has no graph');
  graph.node = graph.node.flatMap((node) => {
    if (node.domain !== 'com.microsoft' || !operators.some((operator) => operator === node.opType)) return [node];
    const [output = '', ...others] = node.output;
    const [right, tanh, product] = ['right', 'tanh', 'product'].map((name) => `${output}/${name}`) as [
      string,
      string,
      string,
    ];
    const step = (opType: string, input: string[], result: string) =>
      create(NodeProtoSchema, { name: `${result}/${opType}`, opType, input, output: [result] });
    node.output = [right, ...others];
    return [
      node,
      step('Tanh', [right], tanh),
      step('Mul', [right, tanh], product),
      step('Add', [right, product], output),
    ];
  });
  return toBinary(ModelProtoSchema, model);
}
