import { ProviderUnavailableError, providerCandidates } from './execution-provider.ts';
import type { ExecutionProvider, ProviderChoice, SkippedProvider } from './execution-provider.ts';
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
  /** Default `auto`: CUDA (on macOS Core ML) if it works here, else the CPU. */
  readonly provider?: ProviderChoice;
  /** How long an aborted or closed step may still run before its process is killed, in ms; default 2000. */
  readonly graceMs?: number;
  /** Environment variables for the child, added to this process's own. */
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * ONNX Runtime in a child process of its own, so that this process answers at all times while it computes. Calls are
 * done one at a time, in order. A child that dies rejects the call it was doing with a `RuntimeCrashedError`; the next
 * call starts a fresh one, in which each graph is loaded again before it next runs.
 *
 * An aborted call rejects at once with the signal's reason: one that waits is dropped, one that runs has its child
 * killed unless it ends within the grace time, as ONNX Runtime can not be interrupted.
 */
export interface Runtime extends AsyncDisposable {
  /** What really computes. */
  readonly provider: ExecutionProvider;
  /** What was tried before it under `auto`, and why each can not run here. */
  readonly skipped: readonly SkippedProvider[];
  /**
   * Loads a graph under a name, in place of the one that had it.
   *
   * @throws {GraphError} when ONNX Runtime refuses it
   */
  load(key: string, graph: Graph, signal?: AbortSignal): Promise<void>;
  /**
   * Runs a loaded graph. The feeds must stay as they are until the call has settled.
   *
   * @throws {TensorError} when a feed's data does not fit its type and shape
   * @throws {GraphError} when ONNX Runtime refuses them
   */
  run(key: string, feeds: Readonly<Record<string, Tensor>>, signal?: AbortSignal): Promise<Record<string, Tensor>>;
  /** Drops a graph, if it is there. With the last one the child ends too: only that gives all its memory back. */
  unload(key: string): Promise<void>;
  /** What was spent so far: load and step times, memory. */
  stats(): RuntimeStats;
  /** Ends the child. Calls that wait or run reject with a `RuntimeClosedError`. */
  close(): Promise<void>;
}

/**
 * Starts a runtime and chooses its execution provider, for good: a fresh child after a crash keeps to it.
 *
 * @throws {ProviderUnavailableError} when the provider that was asked for can not run here
 * @throws {RuntimeCrashedError} when the child can not even start
 */
export async function createRuntime(options: RuntimeOptions = {}): Promise<Runtime> {
  const { provider: choice = 'auto', graceMs = 2000, env = {} } = options;
  const session = resolveSessionOptions(options);
  const { host, ...chosen } = await firstHostThatRuns(choice, (provider) =>
    createGraphHost({ provider, session, graceMs, env }),
  );
  const queue = createSerialQueue();
  const closing = new AbortController();
  let closed: Promise<void> | null = null;

  const call = <T>(signal: AbortSignal | undefined, task: (signal: AbortSignal) => Promise<T>): Promise<T> => {
    const either = signal ? AbortSignal.any([closing.signal, signal]) : closing.signal;
    return queue.add(async () => {
      let timer: NodeJS.Timeout | undefined;
      const giveGrace = (): void => void (timer = setTimeout(() => host.kill(), graceMs));
      either.addEventListener('abort', giveGrace, { once: true });
      try {
        return await task(either);
      } finally {
        either.removeEventListener('abort', giveGrace);
        clearTimeout(timer);
      }
    }, either);
  };

  const close = (): Promise<void> =>
    (closed ??= (async () => {
      closing.abort(new RuntimeClosedError());
      await queue.idle();
      await host.stop();
    })());

  return {
    ...chosen,
    load: (key, graph, signal) =>
      call(signal, async (either) => {
        await host.load(key, graph);
        // The caller has been told already that it is not loaded.
        if (either.aborted) await host.unload(key);
      }),
    run: (key, feeds, signal) =>
      call(signal, () => {
        for (const [name, tensor] of Object.entries(feeds)) checkTensor(name, tensor);
        return host.run(key, feeds);
      }),
    unload: (key) => call(undefined, () => host.unload(key)),
    stats: () => host.stats(),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Each candidate gets a child of its own: a library that fits the machine badly may take the process with it. */
async function firstHostThatRuns<Host extends { ready(): Promise<unknown> }>(
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
