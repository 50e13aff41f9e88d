import { createModel, createRuntime } from '@cinematica/svd';
import type { Model, Runtime } from '@cinematica/svd';
import { cpus } from 'node:os';
import packageJson from '../../package.json' with { type: 'json' };
import type { StageParts } from '../service/run-stage.ts';
import { ConfigError } from '../service/read-config.ts';
import { createComputeTurns } from './compute-turns.ts';
import type { ComputeTurns } from './compute-turns.ts';
import type { ModelConfig } from './model-config.ts';
import { openNamedCheckpoint } from './model-ref.ts';
import type { NamedCheckpoint } from './model-ref.ts';

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
  const loaded = (seconds: number) => metrics.modelLoadSeconds.observe({ stage }, seconds);
  const model = createModel(named.checkpoint, inTurns(runtime, createComputeTurns(COMPUTE_LOCK ?? null), loaded));
  const [cpu] = cpus();
  const machine = provider === 'cpu' ? `${process.arch} ${cpu?.model ?? 'unknown'} × ${THREADS}` : provider;
  return { ...model, ...named, fingerprint: `${packageJson.version} ${provider} ${machine}` };
}

/** Each graph is loaded and run in a turn of its own: others get theirs between two steps. */
function inTurns(runtime: Runtime, turns: ComputeTurns, onLoad: (seconds: number) => void): Runtime {
  return {
    ...runtime,
    load: (key, graph, signal) =>
      turns.take(async () => {
        const start = performance.now();
        await runtime.load(key, graph, signal);
        onLoad((performance.now() - start) / 1000);
      }, signal),
    run: (key, feeds, signal) => turns.take(() => runtime.run(key, feeds, signal), signal),
  };
}
