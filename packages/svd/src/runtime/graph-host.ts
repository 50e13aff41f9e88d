import { spawnChildProcess } from './child-process.ts';
import type { ChildProcess } from './child-process.ts';
import { ProviderUnavailableError } from './execution-provider.ts';
import type { ExecutionProvider } from './execution-provider.ts';
import type { Frame } from '../framing/frame.ts';
import type { Graph } from './graph-types.ts';
import { probeGraph } from './probe-graph.ts';
import type { Reply, Request, TensorHead } from './protocol.ts';
import { GraphError } from './runtime-errors.ts';
import type { RuntimeStats } from './runtime-stats.ts';
import { createRuntimeStats } from './runtime-stats.ts';
import type { SessionSettings } from './session-settings.ts';
import { tensorBytes, tensorOfBytes } from './tensor.ts';
import type { Tensor } from './tensor.ts';
import { createUnusedMemory } from './unused-memory.ts';

/**
 * A child process and its graphs. After a crash or a trim, the next run starts a new process and loads the graphs again. The caller
 * must wait for each call before it makes the next one; see `Runtime`.
 */
export interface GraphHost {
  /** Starts the child, unless it is running. */
  ready(): Promise<ChildProcess>;
  load(key: string, graph: Graph): Promise<void>;
  run(key: string, feeds: Readonly<Record<string, Tensor>>, slot: string): Promise<Record<string, Tensor>>;
  unload(key: string): Promise<void>;
  /** Kills the child. The current call rejects; the next call starts a new child. */
  kill(): void;
  /**
   * Ends the child if it keeps more than `limit` bytes that its graphs do not need; the next run starts a new child.
   * @returns how many bytes it kept; null when it was not ended.
   */
  trim(limit: number): Promise<number | null>;
  /** Ends the child and waits for it. */
  stop(): Promise<void>;
  stats(): RuntimeStats;
}

export interface GraphHostOptions {
  readonly provider: ExecutionProvider;
  readonly session: SessionSettings;
  /** How long `stop` waits before it kills the child, in milliseconds. */
  readonly graceMs: number;
  readonly env: Readonly<Record<string, string>>;
}

export function createGraphHost({ provider, session, graceMs, env }: GraphHostOptions): GraphHost {
  const graphs = new Map<string, Graph>();
  /** Keys of the graphs that the current child has loaded. After a crash, each is loaded again before it runs. */
  const loadedInChild = new Set<string>();
  const stats = createRuntimeStats();
  const unused = createUnusedMemory();
  let child: ChildProcess | null = null;

  const sendFor = async (live: ChildProcess, key: string, request: Frame<Request>): Promise<Frame<Reply>> => {
    const { kind } = request.message;
    const reply = await live.send(request, `${kind} graph "${key}"`);
    if (reply.message.kind === 'failed') throw new GraphError(key, `cannot ${kind}`, reply.message.reason);
    return reply;
  };

  const loadInto = async (live: ChildProcess, key: string, { bytes, folder }: Graph): Promise<void> => {
    const { message } = await sendFor(live, key, { message: { kind: 'load', key, folder }, blobs: [bytes] });
    loadedInChild.add(key);
    stats.loaded(key, message.usage);
    unused.loaded(key, message.usage.anonymousRss);
  };

  const stop = async (): Promise<void> => {
    if (child?.alive) await child.end(graceMs);
    child = null;
    stats.ended();
  };

  const ready = async (): Promise<ChildProcess> => {
    if (child?.alive) return child;
    try {
      child = spawnChildProcess(env);
      loadedInChild.clear();
      const live = child;
      const start = { kind: 'start', provider, session } as const;
      const { message } = await live.send({ message: start, blobs: [probeGraph()] }, `start with ${provider}`);
      if (message.kind === 'failed') throw new ProviderUnavailableError([{ provider, reason: message.reason }]);
      stats.started(live.pid, message.usage);
      unused.started(message.usage.anonymousRss);
      return live;
    } catch (error) {
      await stop();
      throw error;
    }
  };

  const unload = async (key: string): Promise<void> => {
    stats.unloaded(key);
    if (!graphs.delete(key) || !child?.alive) return;
    if (graphs.size === 0) await stop();
    else if (loadedInChild.delete(key)) {
      const { message } = await sendFor(child, key, { message: { kind: 'unload', key }, blobs: [] });
      unused.unloaded(key);
      unused.measured(message.usage.anonymousRss);
    }
  };

  return {
    ready,
    unload,
    stop,
    async trim(limit) {
      const kept = unused.read();
      if (!child?.alive || kept <= limit) return null;
      await stop();
      return kept;
    },
    stats() {
      if (!child?.alive) stats.ended();
      return stats.read();
    },
    kill: () => child?.kill(),
    async load(key, graph) {
      await unload(key);
      await loadInto(await ready(), key, graph);
      graphs.set(key, graph);
    },
    async run(key, feeds, slot) {
      const graph = graphs.get(key);
      if (graph === undefined) throw new GraphError(key, 'cannot run', 'it is not loaded');
      const live = await ready();
      if (!loadedInChild.has(key)) await loadInto(live, key, graph);
      const tensors = Object.entries(feeds);
      const heads = tensors.map(([name, { type, dims }]): TensorHead => ({ name, type, dims }));
      const blobs = tensors.map(([, tensor]) => tensorBytes(tensor));
      const reply = await sendFor(live, key, { message: { kind: 'run', key, slot, feeds: heads }, blobs });
      stats.ran(key, reply.message.usage);
      unused.measured(reply.message.usage.anonymousRss);
      return outputsOf(reply);
    },
  };
}

function outputsOf({ message, blobs }: Frame<Reply>): Record<string, Tensor> {
  const heads = message.kind === 'done' ? message.outputs : [];
  return Object.fromEntries(
    heads.map(({ name, type, dims }, index) => [name, tensorOfBytes(type, dims, blobs[index] ?? new Uint8Array())]),
  );
}
