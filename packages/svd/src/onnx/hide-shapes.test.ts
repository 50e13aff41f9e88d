import { expect, test } from 'vitest';
import { createRuntime } from '../runtime/runtime.ts';
import { GraphBuilder } from './graph-builder.ts';

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
    await runtime.load('graph', { bytes: graph.build({ shapes }), folder: null });
    expect(await runtime.run('graph', feeds)).toEqual({
      y: { type: 'float32', dims: [2, 1, 1], data: Float32Array.of(321, 654) },
    });
  }
});
