import type { Usage } from './protocol.ts';

/** Times of one graph in milliseconds, measured in the child without the transport. */
export interface GraphStats {
  readonly loadMs: number;
  readonly runs: number;
  readonly lastRunMs: number;
  readonly totalRunMs: number;
}

/** Statistics of a runtime. The memory is that of the current child at its last reply. */
export interface RuntimeStats {
  /** Process id of the current child; null without one (after a crash, a trim, or after the last graph was unloaded). */
  readonly pid: number | null;
  /** Number of children started so far. A new one is started after a crash, a kill, a trim or the unloading of the last graph. */
  readonly starts: number;
  /** Resident memory, including mapped weights, in bytes. */
  readonly rss: number;
  /** Peak resident memory of all children, in bytes. */
  readonly peakRss: number;
  /** Times of the loaded graphs, by key. */
  readonly graphs: Readonly<Record<string, GraphStats>>;
}

/** Collects {@link RuntimeStats}. */
export function createRuntimeStats() {
  const graphs = new Map<string, GraphStats>();
  let pid: number | null = null;
  let starts = 0;
  let memory = { rss: 0, peakRss: 0 };
  const recordMemory = ({ rss, peakRss }: Usage): void =>
    void (memory = { rss, peakRss: Math.max(peakRss, memory.peakRss) });
  return {
    started(newPid: number | null, usage: Usage): void {
      pid = newPid;
      starts += 1;
      recordMemory(usage);
    },
    ended(): void {
      pid = null;
      memory = { ...memory, rss: 0 };
    },
    loaded(key: string, usage: Usage): void {
      recordMemory(usage);
      graphs.set(key, { runs: 0, lastRunMs: 0, totalRunMs: 0, ...graphs.get(key), loadMs: usage.ms });
    },
    ran(key: string, usage: Usage): void {
      recordMemory(usage);
      const before = graphs.get(key);
      if (!before) return;
      const totalRunMs = before.totalRunMs + usage.ms;
      graphs.set(key, { ...before, runs: before.runs + 1, lastRunMs: usage.ms, totalRunMs });
    },
    unloaded(key: string): void {
      graphs.delete(key);
    },
    read: (): RuntimeStats => ({ pid, starts, ...memory, graphs: Object.fromEntries(graphs) }),
  };
}
