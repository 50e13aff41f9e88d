import { create } from '@bufbuild/protobuf';
import {
  TensorProtoSchema,
  ValueInfoProtoSchema,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
} from './gen/onnx/onnx_pb.ts';
import type { GraphProto } from './gen/onnx/onnx_pb.ts';

/**
 * Hides the shapes of the results from ONNX Runtime, which otherwise plans at load time which results share a buffer: a buffer
 * that is planned for several results of one shape stays allocated from the first to the last of them, so that a UNet keeps
 * the buffers of all its levels at once. With unknown shapes each result is allocated when it is computed and freed after its
 * last use.
 *
 * A shape is hidden by a Reshape whose target is an input of the graph with a default: its value is not known before the run.
 * Reshapes of weights stay as they are, because they are computed when the graph is loaded.
 */
export function hideShapes(graph: GraphProto): void {
  const constant = new Set(graph.initializer.map(({ name }) => name));
  const initializers = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
  const hidden = new Map<string, string>();
  for (const node of graph.node) {
    if (node.input.every((name) => name === '' || constant.has(name))) {
      for (const name of node.output) constant.add(name);
      continue;
    }
    const target = node.opType === 'Reshape' ? initializers.get(node.input[1] ?? '') : undefined;
    if (!target) continue;
    const name = hidden.get(target.name) ?? `hidden_${target.name}`;
    node.input[1] = name;
    if (hidden.has(target.name)) continue;
    hidden.set(target.name, name);
    graph.initializer.push(create(TensorProtoSchema, { ...target, name }));
    const dim = target.dims.map((value) =>
      create(TensorShapeProto_DimensionSchema, { value: { case: 'dimValue', value } }),
    );
    const value = create(TypeProto_TensorSchema, {
      elemType: target.dataType,
      shape: create(TensorShapeProtoSchema, { dim }),
    });
    graph.input.push(
      create(ValueInfoProtoSchema, { name, type: create(TypeProtoSchema, { value: { case: 'tensorType', value } }) }),
    );
  }
  graph.valueInfo = [];
}
