import { expect, test } from 'vitest';
import type { Span } from './otlp.ts';
import { layOut } from './waterfall.ts';

const span = (spanId: string, parentSpanId: string, start: number, end: number): Span => ({
  ...{ service: 's', name: spanId, traceId: 't', spanId, parentSpanId, start, end },
  ...{ failed: false, links: [], attributes: {} },
});
const shape = (spans: readonly Span[]) => layOut(spans).rows.map(({ span: { name }, depth }) => `${depth} ${name}`);

test('each below what it is a part of, in the order in which they began', () => {
  const spans = [span('step', 'task', 30, 40), span('mux', 'call', 50, 90), span('task', 'call', 20, 45)];
  const all = [...spans, span('call', 'browser', 10, 12)];
  expect(shape(all)).toEqual(['0 call', '1 task', '2 step', '1 mux']);
  const { start, duration, name, rows } = layOut(all);
  // What is queued goes on after the call has been answered.
  expect({ start, duration, name }).toEqual({ start: 10, duration: 80, name: 'call' });
  expect(rows[2]).toMatchObject({ offset: 20, duration: 10 });
});

test('what is a part of something that has not ended yet has its place, and none has two', () => {
  expect(shape([span('step', 'task', 30, 40), span('call', '', 10, 12)])).toEqual(['0 call', '0 step']);
  expect(
    shape([span('self', 'self', 1, 2), span('twin', '', 1, 3), span('twin', '', 1, 3), span('part', 'twin', 2, 3)]),
  ).toEqual(['0 twin', '1 part', '0 twin', '0 self']);
});
