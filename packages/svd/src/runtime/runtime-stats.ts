import type { Usage } from './protocol.ts';

/** What one graph has cost. Milliseconds are the child's, without the transport. */
export interface GraphStats {
  readonly loadMs: number;
  readonly runs: number;
  readonly lastRunMs: number;
  readonly totalRunMs: number;
}

/** What a runtime has cost so far. Memory is that of the present child, as of its last answer. */
export interface RuntimeStats {
  /** Of the present child; null when there is none (after a crash or the last unload, until the next call). */
  readonly pid: number | null;
  /** Children started so far; each beyond the first followed a crash, a kill or the unloading of the last graph. */
  readonly starts: number;
  /** Resident bytes, mapped weights included. */
  readonly rss: number;
  /** The most resident bytes there ever were, in any child. */
  readonly peakRss: number;
  /** By key, of the graphs that are loaded. */
  readonly graphs: Readonly<Record<string, GraphStats>>;
}

/** Keeps a {@link RuntimeStats} up to date. */
export function createRuntimeStats() {
  const graphs = new Map<string, GraphStats>();
  let pid: number | null = null;
  let starts = 0;
  let memory = { rss: 0, peakRss: 0 };
  const note = ({ rss, peakRss }: Usage): void => void (memory = { rss, peakRss: Math.max(peakRss, memory.peakRss) });
  return {
    started(newPid: number | null, usage: Usage): void {
      pid = newPid;
      starts += 1;
      note(usage);
    },
    ended(): void {
      pid = null;
      memory = { ...memory, rss: 0 };
    },
    loaded(key: string, usage: Usage): void {
      note(usage);
      graphs.set(key, { runs: 0, lastRunMs: 0, totalRunMs: 0, ...graphs.get(key), loadMs: usage.ms });
    },
    ran(key: string, usage: Usage): void {
      note(usage);
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
