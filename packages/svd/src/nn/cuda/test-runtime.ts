import type { Graph } from '../../runtime/graph-types.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import { expandOperators } from './test-expansion.ts';

/** A runtime on the CPU that says it is CUDA: it gets the graphs that CUDA would get, and expands them to load them. */
export function cudaStandIn(cpu: Runtime): Runtime {
  const expanded = ({ bytes, folder }: Graph): Graph => ({ bytes: expandOperators(bytes), folder });
  return { ...cpu, provider: 'cuda', load: (key, graph, signal) => cpu.load(key, expanded(graph), signal) };
}
