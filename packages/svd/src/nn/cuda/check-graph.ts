import { OPSET, elements } from '../../onnx/graph-builder.ts';
import { CUDA_KERNELS, kernelName } from './kernels.ts';
import type { KernelCall } from './kernels.ts';
import { MOST_ELEMENTS } from './limits.ts';
import { viewModel } from './model-view.ts';
import type { NodeView, TensorView } from './model-view.ts';

/** Inputs that may be of another type than a node's first one: shapes, positions, scales, and norms' parameters. */
const OWN_TYPE: Readonly<Record<string, readonly number[]>> = {
  Reshape: [1],
  Expand: [1],
  Slice: [1, 2, 3],
  Resize: [1, 2],
  'com.microsoft.GroupNorm': [1, 2],
  'com.microsoft.SkipGroupNorm': [1, 2],
};

/**
 * Looks through a finished model for whatever would keep it from running on CUDA alone: an operator or a type that the
 * provider has no kernel for (it would run on the CPU), a shape that a kernel does not take, more elements than it counts,
 * a name that nothing makes, a type or a shape that does not follow from the inputs.
 * @returns complaints, each with the node's name; none where all is well.
 */
export function checkCudaGraph(bytes: Uint8Array): string[] {
  const { opset, inputs, initializers, nodes, outputs } = viewModel(bytes);
  const problems = opset === OPSET ? [] : [`opset ${opset}: the table of kernels is of ${OPSET}`];
  const made = new Set([...inputs, ...initializers].map(({ name }) => name));
  const constant = new Set(initializers.map(({ name }) => name));
  for (const node of nodes) {
    problems.push(...checkNode(node, made, constant).map((problem) => `${node.name}: ${problem}`));
    for (const output of node.outputs) {
      if (!output) continue;
      const name = typeof output === 'string' ? output : output.name;
      if (made.has(name)) problems.push(`${node.name}: "${name}" is made twice`);
      made.add(name);
      if (node.inputs.every((input) => !input || (typeof input === 'object' && constant.has(input.name))))
        constant.add(name);
    }
  }
  for (const { name } of outputs) if (!made.has(name)) problems.push(`nothing makes the output "${name}"`);
  return problems;
}

function checkNode(node: NodeView, made: ReadonlySet<string>, constant: ReadonlySet<string>): string[] {
  const op = kernelName(node);
  const kernel = CUDA_KERNELS[op];
  if (!kernel) return [`CUDA has no kernel for ${op}`];
  const unknown = [...node.inputs, ...node.outputs].filter((tensor) => typeof tensor === 'string');
  if (unknown.length) return unknown.map((name) => `nothing is known of "${name}"`);
  const inputs = node.inputs as readonly (TensorView | undefined)[];
  const call: KernelCall = {
    inputs,
    int: (name) => (node.attribute(name) ? Number(node.attribute(name)?.i) : undefined),
    ints: (name) => node.attribute(name)?.ints.map(Number) ?? [],
    constant: (tensor) => tensor !== undefined && constant.has(tensor.name),
  };
  const problems = inputs.flatMap((tensor) =>
    tensor && !made.has(tensor.name) ? [`"${tensor.name}" is read before it is made`] : [],
  );

  const [first] = inputs;
  if (!first || !kernel.types.includes(first.type)) problems.push(`CUDA has no ${op} for ${first?.type ?? 'nothing'}`);
  inputs.forEach((tensor, i) => {
    if (tensor && tensor.type !== first?.type && !OWN_TYPE[op]?.includes(i)) {
      problems.push(`input ${i} is ${tensor.type}, the first is ${first?.type}`);
    }
  });
  const asks = kernel.asks?.(call);
  if (asks) problems.push(`${op} ${asks}`);

  const shapes = kernel.shapes(call);
  (node.outputs as readonly (TensorView | undefined)[]).forEach((output, i) => {
    if (!output) return;
    const expected = shapes[i]?.join() ?? 'nothing';
    if (output.shape.join() !== expected) problems.push(`output ${i} is [${output.shape.join()}], not [${expected}]`);
    if (op !== 'Cast' && output.type !== first?.type)
      problems.push(`output ${i} is ${output.type}, not ${first?.type}`);
    if (elements(output.shape) > MOST_ELEMENTS) problems.push(`output ${i} has more elements than kernels count`);
    if (op === 'Reshape' && first && elements(output.shape) !== elements(first.shape)) {
      problems.push(`can't see [${first.shape.join()}] as [${output.shape.join()}]`);
    }
  });
  return problems;
}
