import { OPSET, elements } from '../../onnx/graph-builder.ts';
import { CUDA_KERNELS, kernelName } from './kernels.ts';
import type { KernelCall } from './kernels.ts';
import { MAX_ELEMENTS } from './limits.ts';
import { viewModel } from './model-view.ts';
import type { NodeView, TensorView } from './model-view.ts';

/** Inputs whose type may differ from that of the first input: shapes, positions, scales, and parameters of norms. */
const INPUTS_OF_OTHER_TYPE: Readonly<Record<string, readonly number[]>> = {
  Reshape: [1],
  Expand: [1],
  Slice: [1, 2, 3],
  Resize: [1, 2],
  'com.microsoft.GroupNorm': [1, 2],
  'com.microsoft.SkipGroupNorm': [1, 2],
};

/**
 * Checks that the CUDA provider can run a finished model without the CPU: it has a kernel for every operator and type, the
 * kernels support the shapes and numbers of elements, every name is produced by a node, and the types and shapes follow
 * from the inputs.
 * @returns the problems, each with the name of the node; empty if there are none
 */
export function checkCudaGraph(bytes: Uint8Array): string[] {
  const { opset, inputs, initializers, nodes, outputs } = viewModel(bytes);
  const problems = opset === OPSET ? [] : [`opset ${opset}: the table of kernels is for opset ${OPSET}`];
  const defined = new Set([...inputs, ...initializers].map(({ name }) => name));
  const constant = new Set(initializers.map(({ name }) => name));
  for (const node of nodes) {
    problems.push(...checkNode(node, defined, constant).map((problem) => `${node.name}: ${problem}`));
    for (const output of node.outputs) {
      if (!output) continue;
      const name = typeof output === 'string' ? output : output.name;
      if (defined.has(name)) problems.push(`${node.name}: "${name}" is defined twice`);
      defined.add(name);
      if (node.inputs.every((input) => !input || (typeof input === 'object' && constant.has(input.name))))
        constant.add(name);
    }
  }
  for (const { name } of outputs) if (!defined.has(name)) problems.push(`no node produces the output "${name}"`);
  return problems;
}

function checkNode(node: NodeView, defined: ReadonlySet<string>, constant: ReadonlySet<string>): string[] {
  const op = kernelName(node);
  const kernel = CUDA_KERNELS[op];
  if (!kernel) return [`CUDA has no kernel for ${op}`];
  const unknown = [...node.inputs, ...node.outputs].filter((tensor) => typeof tensor === 'string');
  if (unknown.length) return unknown.map((name) => `"${name}" has no type and shape`);
  const inputs = node.inputs as readonly (TensorView | undefined)[];
  const call: KernelCall = {
    inputs,
    int: (name) => (node.attribute(name) ? Number(node.attribute(name)?.i) : undefined),
    ints: (name) => node.attribute(name)?.ints.map(Number) ?? [],
    constant: (tensor) => tensor !== undefined && constant.has(tensor.name),
  };
  const problems = inputs.flatMap((tensor) =>
    tensor && !defined.has(tensor.name) ? [`"${tensor.name}" is read before it is defined`] : [],
  );

  const [first] = inputs;
  if (!first || !kernel.types.includes(first.type)) problems.push(`CUDA has no ${op} for ${first?.type ?? 'nothing'}`);
  inputs.forEach((tensor, i) => {
    if (tensor && tensor.type !== first?.type && !INPUTS_OF_OTHER_TYPE[op]?.includes(i)) {
      problems.push(`input ${i} is ${tensor.type}, but the first input is ${first?.type}`);
    }
  });
  const restriction = kernel.restriction?.(call);
  if (restriction) problems.push(`${op} ${restriction}`);

  const shapes = kernel.shapes(call);
  (node.outputs as readonly (TensorView | undefined)[]).forEach((output, i) => {
    if (!output) return;
    const expected = shapes[i]?.join() ?? 'nothing';
    if (output.shape.join() !== expected) problems.push(`output ${i} is [${output.shape.join()}], not [${expected}]`);
    if (op !== 'Cast' && output.type !== first?.type)
      problems.push(`output ${i} is ${output.type}, not ${first?.type}`);
    if (elements(output.shape) > MAX_ELEMENTS)
      problems.push(`output ${i} exceeds the number of elements that kernels support`);
    if (op === 'Reshape' && first && elements(output.shape) !== elements(first.shape)) {
      problems.push(`cannot reshape [${first.shape.join()}] to [${output.shape.join()}]`);
    }
  });
  return problems;
}
