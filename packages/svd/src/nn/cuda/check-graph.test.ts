import { expect, test } from 'vitest';
import { GraphBuilder, float } from '../../onnx/graph-builder.ts';
import type { Attribute, ElementType, Value } from '../../onnx/graph-builder.ts';
import { checkCudaGraph } from './check-graph.ts';

/** Builds a graph with one node, and returns its problems. */
function problems(
  opType: string,
  inputs: (graph: GraphBuilder) => readonly (Value | null)[],
  result: readonly [ElementType, ...number[]],
  attributes: Readonly<Record<string, Attribute>> = {},
  domain: '' | 'com.microsoft' = 'com.microsoft',
): string {
  const graph = new GraphBuilder('one node');
  const [type, ...shape] = result;
  graph.output('y', graph.node(opType, inputs(graph), { type, shape }, { attributes, domain }));
  return checkCudaGraph(graph.build()).join('; ');
}

const norm = { epsilon: float(1e-5), groups: 32, activation: 1, channels_last: 1 };
const groupNorm = (c: number, over: Partial<typeof norm> = {}, gamma: ElementType = 'float32', h = 4) =>
  problems(
    'GroupNorm',
    (g) => [g.input('x', 'float16', [1, h, 4, c]), g.input('gamma', gamma, [c]), g.input('beta', gamma, [c])],
    ['float16', 1, h, 4, c],
    { ...norm, ...over },
  );

test('GroupNorm is checked for channels, layout, types and size', () => {
  expect(groupNorm(64)).toBe('');
  expect(groupNorm(32)).toContain('even number of channels');
  expect(groupNorm(64, { channels_last: 0 })).toContain('channels last');
  expect(groupNorm(64, {}, 'float16')).toContain('gamma and beta in float32');
  expect(groupNorm(256, {}, 'float32', 2 ** 21)).toContain('32 bits');
});

test('BiasSplitGelu is checked for the widths that it is compiled for', () => {
  const gelu = (width: number) =>
    problems('BiasSplitGelu', (g) => [g.input('x', 'float16', [2, 3, width]), g.input('b', 'float16', [width])], [
      'float16',
      2,
      3,
      width / 2,
    ]);
  expect([2560, 5120, 10240].map(gelu)).toEqual(['', '', '']);
  expect(gelu(512)).toContain('BiasSplitGelu requires [n, s, 2560, 5120 or 10240]');
});

test('reports weights that are not constant, and unsupported operators, types and shapes', () => {
  const conv = (weight: (g: GraphBuilder) => Value) =>
    problems('NhwcConv', (g) => [g.input('x', 'float32', [1, 4, 4, 2]), weight(g)], ['float32', 1, 4, 4, 1], {
      kernel_shape: [1, 1],
      strides: [1, 1],
      pads: [0, 0, 0, 0],
    });
  expect(conv((g) => g.constant(new Float32Array(2), [1, 1, 1, 2]))).toBe('');
  expect(conv((g) => g.input('w', 'float32', [1, 1, 1, 2]))).toContain('not constant');
  expect(conv((g) => g.constant(new Float32Array(2), [1, 2, 1, 1]))).toContain('expected [out, kh, kw, in]');

  const plain = (op: string, type: ElementType, ...shape: number[]) =>
    problems(op, (g) => [g.input('x', type, [2, 3])], [type, ...shape], {}, '');
  expect(plain('Sigmoid', 'float16', 2, 3)).toBe('');
  expect(plain('GroupNormalization', 'float16', 2, 3)).toContain('CUDA has no kernel for GroupNormalization');
  expect(plain('Sigmoid', 'int64', 2, 3)).toContain('CUDA has no Sigmoid for int64');
  expect(plain('Sigmoid', 'float16', 3, 2)).toContain('output 0 is [3,2], not [2,3]');
});

test('reports a name that no node produces', () => {
  const graph = new GraphBuilder('incomplete');
  const ghost: Value = { name: 'ghost', type: 'float32', shape: [1] };
  graph.output('y', graph.node('Neg', [ghost], ghost));
  expect(checkCudaGraph(graph.build())[0]).toContain('"ghost" has no type and shape');
});
