import { fromBinary } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { createRuntime } from '../runtime/runtime.ts';
import { ModelProtoSchema } from './gen/onnx/onnx_pb.ts';
import { GraphBuilder } from './graph-builder.ts';
import type { Value } from './graph-builder.ts';

test('a graph with hidden shapes has the same inputs and results', async () => {
  const graph = new GraphBuilder('hidden');
  const x = graph.input('x', 'float32', [2, 3]);
  const to = (...shape: number[]) => graph.constant(BigInt64Array.from(shape, BigInt));
  // The shape of the weight stays known, because it is computed when the graph is loaded.
  const weight = graph.node('Reshape', [graph.constant(Float32Array.of(1, 10, 100)), to(3, 1)], {
    type: 'float32',
    shape: [3, 1],
  });
  const turned = graph.node('Reshape', [x, to(2, 1, 3)], { type: 'float32', shape: [2, 1, 3] });
  graph.output('y', graph.node('MatMul', [turned, weight], { type: 'float32', shape: [2, 1, 1] }));
  await using runtime = await createRuntime({ provider: 'cpu', threads: 1 });
  const feeds = { x: { type: 'float32', dims: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) } } as const;
  for (const shapes of [true, false]) {
    const bytes = graph.build({ shapes });
    const built = fromBinary(ModelProtoSchema, bytes).graph!;
    const inputs = new Set(built.input.map(({ name }) => name));
    const reshapes = built.node.filter(({ opType }) => opType === 'Reshape');
    const reads = ({ name }: Value) => reshapes.find(({ output }) => output.includes(name))!.input[1]!;
    expect([inputs.has(reads(turned)), inputs.has(reads(weight))]).toEqual([!shapes, false]);
    expect(built.initializer.map(({ name }) => name)).toEqual(expect.arrayContaining([reads(turned), reads(weight)]));
    await runtime.load('graph', { bytes, folder: null });
    expect(await runtime.run('graph', feeds)).toEqual({
      y: { type: 'float32', dims: [2, 1, 1], data: Float32Array.of(321, 654) },
    });
  }
});
