import type { InferenceSession } from 'onnxruntime-node';
import { availableParallelism } from 'node:os';
import { onGpu } from './execution-provider.ts';
import type { ExecutionProvider } from './execution-provider.ts';

/** How far ONNX Runtime optimises a graph when it loads it. */
export type GraphOptimizationLevel = 'disabled' | 'basic' | 'extended' | 'layout' | 'all';

/** Options of all sessions, for any provider and graph. */
export interface SessionOptions {
  /** Threads within an operator; default `availableParallelism()`. */
  readonly threads?: number;
  /** Whether idle threads spin. It is faster for a single process, but very slow if processes share cores. Default false. */
  readonly spinning?: boolean;
  /** Default `all`. */
  readonly graphOptimizationLevel?: GraphOptimizationLevel;
  /** If given, ONNX Runtime writes a profile to `<prefix>-<key>_<time>.json` when a graph is unloaded. */
  readonly profilePrefix?: string;
  /** Further session configuration entries by their full key, such as `session.disable_prepacking`. Default none. */
  readonly config?: Readonly<Record<string, string>>;
}

/** {@link SessionOptions} with all defaults applied. The child receives them. */
export type SessionSettings = Required<Omit<SessionOptions, 'profilePrefix'>> & {
  readonly profilePrefix: string | null;
};

export function resolveSessionOptions(options: SessionOptions): SessionSettings {
  const { threads = availableParallelism() } = options;
  if (!Number.isSafeInteger(threads) || threads < 1) throw new RangeError(`threads must be 1 or more, not ${threads}`);
  return {
    threads,
    spinning: options.spinning ?? false,
    graphOptimizationLevel: options.graphOptimizationLevel ?? 'all',
    profilePrefix: options.profilePrefix ?? null,
    config: options.config ?? {},
  };
}

/** The options of onnxruntime-node for one graph. ONNX Runtime adds the CPU after every provider. */
export function ortSessionOptions(
  provider: ExecutionProvider,
  settings: SessionSettings,
  graph: { readonly key: string; readonly folder: string | null },
): InferenceSession.SessionOptions {
  const { profilePrefix } = settings;
  const gpu = onGpu(provider);
  return {
    // CUDA computes what TensorRT does not support. Both use the first GPU that CUDA_VISIBLE_DEVICES shows.
    executionProviders: provider === 'tensorrt' ? ['tensorrt', 'cuda'] : [provider],
    // From its second run on, a memory pattern takes one more block as large as everything that the first run has allocated.
    enableMemPattern: !gpu,
    intraOpNumThreads: settings.threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: settings.graphOptimizationLevel,
    logSeverityLevel: 3,
    ...(profilePrefix !== null && { enableProfiling: true, profileFilePrefix: `${profilePrefix}-${graph.key}` }),
    extra: {
      'session.intra_op.allow_spinning': settings.spinning ? '1' : '0',
      // The graph is loaded from memory, so ONNX Runtime needs the folder of its external data.
      ...(graph.folder !== null && { 'session.model_external_initializers_file_folder_path': graph.folder }),
      // Otherwise the weights share the arena, whose blocks are powers of two, with the results of the nodes.
      ...(gpu && { 'session.use_device_allocator_for_initializers': '1' }),
      ...settings.config,
    },
  };
}
