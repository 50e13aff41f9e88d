import type { Graph } from '../../runtime/graph-types.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import { expandCudaOperators } from './test-expansion.ts';

/** Wraps a CPU runtime so that it accepts graphs for CUDA: it replaces their operators before it loads them. */
export function emulateCuda(cpu: Runtime): Runtime {
  const expanded = ({ bytes, folder }: Graph): Graph => ({ bytes: expandCudaOperators(bytes), folder });
  return { ...cpu, provider: 'cuda', load: (key, graph, signal) => cpu.load(key, expanded(graph), signal) };
}
