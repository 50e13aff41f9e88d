import type { Span } from './otlp.ts';

/** All that one request, or one video, has caused. */
export interface Trace {
  readonly traceId: string;
  /** As they came. */
  readonly spans: readonly Span[];
  /** Of more than are kept. */
  readonly dropped: number;
}

/** The traces of late, in memory. */
export interface SpanStore {
  add(spans: readonly Span[]): void;
  /** The one that something happened in last comes first. */
  traces(): Trace[];
  trace(traceId: string): Trace | null;
}

export interface SpanStoreOptions {
  readonly mostTraces?: number;
  readonly mostSpans?: number;
}

/** The videos that spans are of. */
export const videosOf = ({ spans }: Pick<Trace, 'spans'>): string[] => [
  ...new Set(spans.flatMap(({ attributes }) => attributes['cinematica.video'] ?? [])),
];

/**
 * Keeps the latest traces. A page that is open calls all the time: what is of a video goes only when nothing else is left
 * to go.
 */
export function createSpanStore({ mostTraces = 500, mostSpans = 5_000 }: SpanStoreOptions = {}): SpanStore {
  const kept = new Map<string, { traceId: string; spans: Span[]; dropped: number }>();

  function add(span: Span): void {
    const trace = kept.get(span.traceId) ?? { traceId: span.traceId, spans: [], dropped: 0 };
    if (trace.spans.length < mostSpans) trace.spans.push(span);
    else trace.dropped++;
    // To the end: it is the latest now.
    kept.delete(span.traceId);
    kept.set(span.traceId, trace);
  }

  return {
    add(spans) {
      for (const span of spans) add(span);
      while (kept.size > mostTraces) {
        const all = [...kept.values()];
        const oldest = all.find((trace) => videosOf(trace).length === 0) ?? all[0]!;
        kept.delete(oldest.traceId);
      }
    },
    traces: () => [...kept.values()].reverse(),
    trace: (traceId) => kept.get(traceId) ?? null,
  };
}
