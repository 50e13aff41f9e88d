import {
  chooseRuntime,
  createModel,
  describeSpeeds,
  findComputingDevices,
  gpuMemoryNeeds,
  leastMemory,
  measureSpeed,
  onGpu,
  RuntimeClosedError,
  RuntimeCrashedError,
} from '@cinematica/svd';
import type { Checkpoint, Model, Runtime } from '@cinematica/svd';
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
import { startSpeedMeter } from './speed-meter.ts';
import type { SpeedMeter } from './speed-meter.ts';

const MIB = 2 ** 20;

/** A model that is ready to compute, and its name in the pipeline. */
export interface StageModel extends Model, NamedCheckpoint {
  /** What the results depend on beside the plan: the build, the machine and the number of threads. */
  readonly fingerprint: string;
  /** The highest speed that short measurements have found so far. */
  readonly speed: SpeedMeter;
  /**
   * Ends the computing process if it computes on the CPU and keeps more memory than `SPARE_MEMORY_MIB`. It is called
   * after each task and each call, only by the holder of the compute slot: the process keeps what a later step of a segment needs.
   * It does not wait: what is computed next starts a new process.
   */
  trim(): void;
}

/**
 * Opens the model of a stage, which computes in a child process.
 * @param stage the name of the stage in the metrics.
 * @throws ConfigError that names the setting.
 */
export async function openStageModel(
  config: ModelConfig,
  { log, metrics }: Pick<StageParts, 'log' | 'metrics'>,
  stage: string,
): Promise<StageModel> {
  const { MODEL_DIR, LORA, THREADS, EXECUTION_PROVIDER, COMPUTE_LOCK, SPARE_MEMORY_MIB } = config;
  const named = await openNamedCheckpoint(MODEL_DIR, LORA);
  for (const warning of named.checkpoint.warnings) log.warn('the files of the model', { reason: warning });
  const turns = createComputeTurns(COMPUTE_LOCK ?? null);
  const { runtime, speeds } = await chooseRuntime({
    provider: EXECUTION_PROVIDER,
    threads: THREADS,
    model: named,
    cacheFolder: config.CACHE_FOLDER,
    proof: config.PROVIDER_PROOF,
    takeTurn: (run) => turns.take(run),
    report: (line) => log.info('choosing the execution provider', { reason: line }),
  }).catch((cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError(`EXECUTION_PROVIDER=${EXECUTION_PROVIDER}: ${reason}`);
  });
  const { provider, skipped } = runtime;
  const replaced = [...runtime.replaced].join(',');
  const lowMemory = await needsLowMemory(runtime, named.checkpoint, config);
  log.info('model opened', {
    provider,
    skipped: skipped.map(({ reason }) => reason).join('; ') || undefined,
    speeds: speeds ? describeSpeeds(speeds) : undefined,
    replaced: replaced || undefined,
    low_memory: lowMemory || undefined,
  });
  metrics.watchChild(() => runtime.stats());
  metrics.aboutDevice({ stage, provider, replaced: runtime.replaced, lowMemory });
  if (onGpu(provider)) await metrics.watchGpuMemory(readGpuMemory);
  let hasComputed = false;
  const speed = await startSpeedMeter((signal) => turns.take(() => measureSpeed(runtime, signal), signal), {
    isNeeded: () => !hasComputed,
    onFailure(error) {
      // The stage has ended.
      if (error instanceof RuntimeClosedError) return;
      log.warn('the speed was not measured again', { reason: error instanceof Error ? error.message : String(error) });
    },
  });
  const hooks = metrics.modelHooks(stage);
  const onLoad = (seconds: number): void => {
    hasComputed = true;
    hooks.onLoad(seconds);
  };
  const model = createModel(named.checkpoint, withTurns(runtime, turns, { ...hooks, onLoad }), {
    lowMemory,
    onNotFinite(part, again) {
      hooks.onNotFinite(part, again);
      log.warn('the model returned numbers that are not finite', { part, again });
    },
  });
  const [cpu] = cpus();
  const device = [provider, replaced, lowMemory ? 'low memory' : ''].filter((part) => part !== '').join(' ');
  const machine = provider === 'cpu' ? `${process.arch} ${cpu?.model ?? 'unknown'} × ${THREADS}` : device;
  const trim = () => {
    // On a GPU the memory of a run is that of the device, and loading may take minutes (TensorRT).
    if (provider !== 'cpu') return;
    runtime.trim(SPARE_MEMORY_MIB * MIB).then(
      (kept) => {
        if (kept !== null) log.info('model process ended to free memory', { mebibytes: Math.round(kept / MIB) });
      },
      // The runtime is closed, and its process has ended.
      () => undefined,
    );
  };
  return { ...model, ...named, trim, speed, fingerprint: `${packageJson.version} ${provider} ${machine}` };
}

/** Whether the stages of the model need more memory than the GPU has, or may use of it. */
async function needsLowMemory(
  { provider }: Runtime,
  checkpoint: Checkpoint,
  { GPU_MEMORY_MIB }: ModelConfig,
): Promise<boolean> {
  if (!onGpu(provider)) return false;
  const memory =
    GPU_MEMORY_MIB === undefined
      ? leastMemory(await findComputingDevices(process.env), process.env)
      : GPU_MEMORY_MIB * MIB;
  return memory !== null && memory < gpuMemoryNeeds(checkpoint).usual;
}

/** Loads and runs each graph in a turn, so that other processes can compute between two steps. */
function withTurns(runtime: Runtime, turns: ComputeTurns, { onLoad, onCrash }: ModelHooks): Runtime {
  const observed = <T>(name: string, key: string, run: () => Promise<T>): Promise<T> =>
    inSpan(name, { 'cinematica.graph': key }, run).catch((error: unknown) => {
      if (error instanceof RuntimeCrashedError) onCrash();
      throw error;
    });
  return {
    ...runtime,
    load: (key, graph, signal) =>
      turns.take(async () => {
        const start = performance.now();
        await observed('load graph', key, () => runtime.load(key, graph, signal));
        onLoad((performance.now() - start) / 1000);
      }, signal),
    run: (key, feeds, signal, slot) =>
      turns.take(() => observed('run graph', key, () => runtime.run(key, feeds, signal, slot)), signal),
  };
}
