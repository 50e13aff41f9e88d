import { ProviderUnavailableError, providerCandidates } from './execution-provider.ts';
import type { ExecutionProvider, ProviderChoice, SkippedProvider } from './execution-provider.ts';
import { NONE_REPLACED } from '../nn/fused-operators.ts';
import type { FusedOperator } from '../nn/fused-operators.ts';
import { createGraphHost } from './graph-host.ts';
import type { Graph } from './graph-types.ts';
import { RuntimeClosedError, RuntimeCrashedError } from './runtime-errors.ts';
import type { RuntimeStats } from './runtime-stats.ts';
import { createSerialQueue } from './serial-queue.ts';
import { resolveSessionOptions } from './session-settings.ts';
import type { SessionOptions } from './session-settings.ts';
import { checkTensor } from './tensor.ts';
import type { Tensor } from './tensor.ts';

export interface RuntimeOptions extends SessionOptions {
  /** Default `auto`: see `providerCandidates`. */
  readonly provider?: ProviderChoice;
  /** How long an aborted run may continue before its process is killed, in milliseconds; default 2000. */
  readonly graceMs?: number;
  /** Environment variables for the child, in addition to those of this process. */
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * ONNX Runtime in a child process, so that this process stays responsive during a computation. Calls are executed one after
 * another, in order. If the child crashes, the current call rejects with a `RuntimeCrashedError`; the next call starts a new
 * child, and each graph is loaded again before it runs.
 *
 * An aborted call rejects immediately with the reason of the signal. A waiting call is dropped. For a running call the
 * child is killed after the grace period, because ONNX Runtime cannot be interrupted.
 */
export interface Runtime extends AsyncDisposable {
  /** The execution provider in use. */
  readonly provider: ExecutionProvider;
  /** The providers that `auto` tried before, each with the reason why it does not work. */
  readonly skipped: readonly SkippedProvider[];
  /** The fused operators that graphs must not have on this device: they are written with standard operators. */
  readonly replaced: ReadonlySet<FusedOperator>;
  /**
   * Loads a graph under a key, and replaces the graph with the same key.
   *
   * @throws {GraphError} when ONNX Runtime rejects the graph
   */
  load(key: string, graph: Graph, signal?: AbortSignal): Promise<void>;
  /**
   * Runs a loaded graph. The feeds must not change until the call has settled.
   *
   * @param slot where the process keeps outputs for later runs (`KEPT_PREFIX`), and takes them from. Default `''`.
   * @throws {TensorError} when the data of a feed does not match its type and shape
   * @throws {GraphError} when the graph is not loaded, or ONNX Runtime rejects the feeds
   */
  run(
    key: string,
    feeds: Readonly<Record<string, Tensor>>,
    signal?: AbortSignal,
    slot?: string,
  ): Promise<Record<string, Tensor>>;
  /** Unloads a graph, if it is loaded. After the last graph the child ends, because only that frees all its memory. */
  unload(key: string): Promise<void>;
  /**
   * Ends the child if it keeps more than `limit` bytes from earlier runs, beyond what its loaded graphs need. ONNX Runtime
   * never gives back what the largest run needed. The graphs stay loaded: the next run starts a new child, and each graph
   * is loaded again before it runs.
   * @returns how many bytes the child kept; null when it was not ended.
   */
  trim(limit: number): Promise<number | null>;
  /** Times of the graphs, and memory. */
  stats(): RuntimeStats;
  /** Ends the child. Waiting and running calls reject with a `RuntimeClosedError`. */
  close(): Promise<void>;
}

/**
 * Starts a runtime and selects its execution provider. The provider stays the same after a crash.
 *
 * @throws {ProviderUnavailableError} when the selected provider does not work on this machine
 * @throws {RuntimeCrashedError} when the child cannot be started
 */
export async function createRuntime(options: RuntimeOptions = {}): Promise<Runtime> {
  const { provider: choice = 'auto', graceMs = 2000, env = {} } = options;
  const session = resolveSessionOptions(options);
  const { host, ...chosen } = await selectProvider(choice, (provider) =>
    createGraphHost({ provider, session, graceMs, env }),
  );
  const queue = createSerialQueue();
  const closing = new AbortController();
  let closed: Promise<void> | null = null;

  const call = <T>(signal: AbortSignal | undefined, task: (signal: AbortSignal) => Promise<T>): Promise<T> => {
    const combined = signal ? AbortSignal.any([closing.signal, signal]) : closing.signal;
    return queue.add(async () => {
      let timer: NodeJS.Timeout | undefined;
      const killAfterGrace = (): void => void (timer = setTimeout(() => host.kill(), graceMs));
      combined.addEventListener('abort', killAfterGrace, { once: true });
      try {
        return await task(combined);
      } finally {
        combined.removeEventListener('abort', killAfterGrace);
        clearTimeout(timer);
      }
    }, combined);
  };

  const close = (): Promise<void> =>
    (closed ??= (async () => {
      closing.abort(new RuntimeClosedError());
      await queue.idle();
      await host.stop();
    })());

  return {
    ...chosen,
    replaced: chosen.provider === 'webgpu' ? UNPROVED_ON_WEBGPU : NONE_REPLACED,
    load: (key, graph, signal) =>
      call(signal, async (combined) => {
        await host.load(key, graph);
        // The call has already been rejected, so the graph must not stay loaded.
        if (combined.aborted) await host.unload(key);
      }),
    run: (key, feeds, signal, slot = '') =>
      call(signal, () => {
        for (const [name, tensor] of Object.entries(feeds)) checkTensor(name, tensor);
        return host.run(key, feeds, slot);
      }),
    unload: (key) => call(undefined, () => host.unload(key)),
    trim: (limit) => call(undefined, () => host.trim(limit)),
    stats: () => host.stats(),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Attention is wrong on some devices of WebGPU (`blockwiseAttention`). */
const UNPROVED_ON_WEBGPU: ReadonlySet<FusedOperator> = new Set(['MultiHeadAttention']);

/** Tries the candidates in order. Each gets its own child, because an incompatible library can crash the process. */
async function selectProvider<Host extends { ready(): Promise<unknown> }>(
  choice: ProviderChoice,
  createHost: (provider: ExecutionProvider) => Host,
) {
  const candidates = providerCandidates(choice);
  const skipped: SkippedProvider[] = [];
  for (const provider of candidates) {
    const host = createHost(provider);
    try {
      await host.ready();
      return { host, provider, skipped };
    } catch (error) {
      if (error instanceof ProviderUnavailableError) skipped.push(...error.skipped);
      else if (!(error instanceof RuntimeCrashedError) || provider === candidates.at(-1)) throw error;
      else skipped.push({ provider, reason: error.message });
    }
  }
  throw new ProviderUnavailableError(skipped);
}
