import { table } from '@cinematica/svd/parity';
import type { Span } from '../../test/support/otlp.ts';

/** Formats a table of spans per video: number and total duration. Spans may contain other spans. */
export function sumSpans(spans: readonly Span[], videos: number): string {
  const sums = new Map<string, { count: number; duration: number }>();
  for (const { service, name, attributes, start, end } of spans) {
    const duration = end - start;
    const part = attributes['cinematica.part']?.replace(/\d+/g, 'n') ?? attributes['cinematica.graph']?.split(' ')[0];
    const key = `${service.replace('cinematica-', '')}: ${name}${part === undefined ? '' : ` ${part}`}`;
    const sum = sums.get(key) ?? { count: 0, duration: 0 };
    sums.set(key, { count: sum.count + 1, duration: sum.duration + duration });
  }
  const rows = [...sums]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, { count, duration }]) => [
      key,
      (count / videos).toFixed(1),
      `${(duration / videos).toFixed(1)} ms`,
      `${(duration / count).toFixed(2)} ms`,
    ]);
  return table(['spans of one video', 'count', 'total', 'each'], rows);
}
