import type { Span } from './otlp.ts';

/** A span in its place. */
export interface Row {
  readonly span: Span;
  /** Of how many spans it is a part. */
  readonly depth: number;
  /** From the trace's beginning to the span's. Milliseconds. */
  readonly offset: number;
  readonly duration: number;
}

export interface Waterfall {
  /** Each below what it is a part of, in the order in which they began. */
  readonly rows: readonly Row[];
  /** Since 1970. Milliseconds. */
  readonly start: number;
  readonly duration: number;
  /** What the trace is called: its first span that is a part of nothing that came. */
  readonly name: string;
}

/** Lays the spans of a trace out. There is at least one. */
export function layOut(spans: readonly Span[]): Waterfall {
  const known = new Set(spans.map(({ spanId }) => spanId));
  const parts = new Map<string, Span[]>();
  for (const span of [...spans].sort((a, b) => a.start - b.start || b.end - a.end)) {
    // A caller's own span, or one that has not ended yet, is not here.
    const parent = known.has(span.parentSpanId) && span.parentSpanId !== span.spanId ? span.parentSpanId : '';
    parts.set(parent, [...(parts.get(parent) ?? []), span]);
  }
  const start = Math.min(...spans.map((span) => span.start));
  const end = Math.max(...spans.map((span) => span.end));
  const rows: Row[] = [];
  const place = (parent: string, depth: number): void => {
    const here = parts.get(parent) ?? [];
    // Each has one place, whatever a sender made of the ids.
    parts.delete(parent);
    for (const span of here) {
      rows.push({ span, depth, offset: span.start - start, duration: span.end - span.start });
      place(span.spanId, depth + 1);
    }
  };
  place('', 0);
  return { rows, start, duration: end - start, name: rows[0]?.span.name ?? '' };
}
