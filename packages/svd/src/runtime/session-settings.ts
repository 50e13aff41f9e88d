import type { InferenceSession } from 'onnxruntime-node';
import { availableParallelism } from 'node:os';
import type { ExecutionProvider } from './execution-provider.ts';

/** How much ONNX Runtime rewrites a graph when it loads it. */
export type GraphOptimizationLevel = 'disabled' | 'basic' | 'extended' | 'layout' | 'all';

/** How sessions are made, whatever the provider and graph. */
export interface SessionOptions {
  /** Threads inside an operator; default: as many as the machine gives this process. */
  readonly threads?: number;
  /** Let idle threads spin: faster when alone, ruinous when several processes share few cores. Default false. */
  readonly spinning?: boolean;
  /** Default `all`. */
  readonly graphOptimizationLevel?: GraphOptimizationLevel;
  /** Which GPU, for cuda and tensorrt; default 0. */
  readonly deviceId?: number;
  /** Writes ONNX Runtime's profile of each graph, as it is unloaded, to `<prefix>-<key>_<time>.json`. */
  readonly profilePrefix?: string;
  /** Further session configuration entries by their full key, such as `session.disable_prepacking`. */
  readonly config?: Readonly<Record<string, string>>;
}

/** {@link SessionOptions} with every default filled in; what the child is told. */
export type SessionSettings = Required<Omit<SessionOptions, 'profilePrefix'>> & {
  readonly profilePrefix: string | null;
};

export function resolveSessionOptions(options: SessionOptions): SessionSettings {
  const { threads = availableParallelism(), deviceId = 0 } = options;
  if (!Number.isSafeInteger(threads) || threads < 1) throw new RangeError(`threads must be 1 or more, not ${threads}`);
  if (!Number.isSafeInteger(deviceId) || deviceId < 0) {
    throw new RangeError(`deviceId must be 0 or more, not ${deviceId}`);
  }
  return {
    threads,
    deviceId,
    spinning: options.spinning ?? false,
    graphOptimizationLevel: options.graphOptimizationLevel ?? 'all',
    profilePrefix: options.profilePrefix ?? null,
    config: options.config ?? {},
  };
}

/** The options of onnxruntime-node for one graph. CPU comes behind every provider by itself. */
export function ortSessionOptions(
  provider: ExecutionProvider,
  settings: SessionSettings,
  graph: { readonly key: string; readonly folder: string | null },
): InferenceSession.SessionOptions {
  const { deviceId, profilePrefix } = settings;
  const cuda = { name: 'cuda', deviceId } as const;
  const providers = { cuda: [cuda], tensorrt: [{ name: 'tensorrt', deviceId }, cuda] } as const;
  return {
    executionProviders: provider === 'cuda' || provider === 'tensorrt' ? providers[provider] : [provider],
    intraOpNumThreads: settings.threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: settings.graphOptimizationLevel,
    logSeverityLevel: 3,
    ...(profilePrefix !== null && { enableProfiling: true, profileFilePrefix: `${profilePrefix}-${graph.key}` }),
    extra: {
      'session.intra_op.allow_spinning': settings.spinning ? '1' : '0',
      // Weights are mapped from this folder where the graph's bytes name them; nothing else can say where it lies.
      ...(graph.folder !== null && { 'session.model_external_initializers_file_folder_path': graph.folder }),
      ...settings.config,
    },
  };
}
