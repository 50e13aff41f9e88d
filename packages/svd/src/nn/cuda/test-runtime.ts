import type { Checkpoint } from '../../checkpoint/checkpoint.ts';
import { emitterFor, safeEmitterFor } from '../../graphs/emitter-for.ts';
import type { CreateEmitter } from '../../graphs/emitter-for.ts';
import { createModel } from '../../pipeline/model.ts';
import type { Model, ModelOptions } from '../../pipeline/model.ts';
import type { Graph } from '../../runtime/graph-types.ts';
import { createRuntime } from '../../runtime/runtime.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import { expandCudaOperators } from './test-expansion.ts';

/** A model that computes the graphs for CUDA on the CPU: their operators are replaced before a graph is loaded. */
export async function emulateCuda(checkpoint: Checkpoint, options: ModelOptions = {}): Promise<Model> {
  const cpu = await createRuntime({ provider: 'cpu', threads: 1 });
  const expanded = ({ bytes, folder }: Graph): Graph => ({ bytes: expandCudaOperators(bytes), folder });
  const load: Runtime['load'] = (key, graph, signal) => cpu.load(key, expanded(graph), signal);
  const { createEmitter = emitterFor('cuda'), safeEmitter = safeEmitterFor('cuda') } = options;
  return createModel(
    checkpoint,
    { ...cpu, provider: 'cuda', load },
    { ...options, createEmitter: withShapes(createEmitter), safeEmitter: safeEmitter && withShapes(safeEmitter) },
  );
}

/** The replacement depends on the shapes. */
const withShapes =
  (createEmitter: CreateEmitter): CreateEmitter =>
  (graph, needs) => ({ ...createEmitter(graph, needs), hidesShapes: false });
