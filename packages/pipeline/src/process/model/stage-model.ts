import { createModel, createRuntime, RuntimeCrashedError } from '@cinematica/svd';
import type { Model, Runtime } from '@cinematica/svd';
import { cpus } from 'node:os';
import packageJson from '../../../package.json' with { type: 'json' };
import type { StageParts } from '../service/run-stage.ts';
import { ConfigError } from '../service/read-config.ts';
import { readGpuMemory } from '../../telemetry/gpu-memory.ts';
import type { ModelHooks } from '../../telemetry/metrics.ts';
import { inSpan } from '../../telemetry/trace.ts';
import { createComputeTurns } from './compute-turns.ts';
import type { ComputeTurns } from './compute-turns.ts';
import type { ModelConfig } from './model-config.ts';
import { openNamedCheckpoint } from './named-checkpoint.ts';
import type { NamedCheckpoint } from './named-checkpoint.ts';

/** A model that is ready to compute, and what it is called in the pipeline. */
export interface StageModel extends Model, NamedCheckpoint {
  /** What the bytes that it makes depend on beside the plan: build, machine, threads. */
  readonly fingerprint: string;
}

/**
 * Opens the model of a stage, in a computing process of its own.
 * @param stage as it is called in the metrics.
 * @throws ConfigError that names the setting.
 */
export async function openStageModel(
  { MODEL_DIR, THREADS, EXECUTION_PROVIDER, COMPUTE_LOCK }: ModelConfig,
  { log, metrics }: Pick<StageParts, 'log' | 'metrics'>,
  stage: string,
): Promise<StageModel> {
  const named = await openNamedCheckpoint(MODEL_DIR);
  const runtime = await createRuntime({ provider: EXECUTION_PROVIDER, threads: THREADS }).catch((cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError(`EXECUTION_PROVIDER=${EXECUTION_PROVIDER}: ${reason}`);
  });
  const { provider, skipped } = runtime;
  log.info('computing', { provider, skipped: skipped.map(({ reason }) => reason).join('; ') || undefined });
  metrics.watchChild(() => runtime.stats());
  if (provider === 'cuda' || provider === 'tensorrt') await metrics.watchGpuMemory(readGpuMemory);
  const turns = createComputeTurns(COMPUTE_LOCK ?? null);
  const model = createModel(named.checkpoint, inTurns(runtime, turns, metrics.modelHooks(stage)));
  const [cpu] = cpus();
  const machine = provider === 'cpu' ? `${process.arch} ${cpu?.model ?? 'unknown'} × ${THREADS}` : provider;
  return { ...model, ...named, fingerprint: `${packageJson.version} ${provider} ${machine}` };
}

/** Each graph is loaded and run in a turn of its own: others get theirs between two steps. */
function inTurns(runtime: Runtime, turns: ComputeTurns, { onLoad, onCrash }: ModelHooks): Runtime {
  const watched = <T>(name: string, key: string, run: () => Promise<T>): Promise<T> =>
    inSpan(name, { 'cinematica.graph': key }, run).catch((error: unknown) => {
      if (error instanceof RuntimeCrashedError) onCrash();
      throw error;
    });
  return {
    ...runtime,
    load: (key, graph, signal) =>
      turns.take(async () => {
        const start = performance.now();
        await watched('load graph', key, () => runtime.load(key, graph, signal));
        onLoad((performance.now() - start) / 1000);
      }, signal),
    run: (key, feeds, signal) =>
      turns.take(() => watched('run graph', key, () => runtime.run(key, feeds, signal)), signal),
  };
}
