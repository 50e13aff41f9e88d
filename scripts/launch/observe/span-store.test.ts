import { expect, test } from 'vitest';
import type { Span } from './otlp.ts';
import { createSpanStore, videosOf } from './span-store.ts';

const span = (traceId: string, video?: string): Span => ({
  ...{ service: 's', name: 'n', traceId, spanId: 'x', parentSpanId: '', start: 0, end: 1, failed: false, links: [] },
  attributes: video === undefined ? {} : { 'cinematica.video': video },
});

test('the latest first; what is of a video outlasts what is not', () => {
  const store = createSpanStore({ mostTraces: 3 });
  store.add([span('a', 'v'), span('poll-1'), span('poll-2'), span('poll-3'), span('b', 'w'), span('a', 'v')]);
  expect(store.traces().map(({ traceId }) => traceId)).toEqual(['a', 'b', 'poll-3']);
  expect(videosOf(store.trace('a')!)).toEqual(['v']);
  store.add([span('c', 'x'), span('d', 'y')]);
  expect(store.traces().map(({ traceId }) => traceId)).toEqual(['d', 'c', 'a']);
  expect(store.trace('b')).toBeNull();
});

test('of a trace that does not end, so many spans are kept and the rest counted', () => {
  const store = createSpanStore({ mostSpans: 2 });
  store.add([span('a'), span('a'), span('a')]);
  expect(store.trace('a')).toMatchObject({ spans: [{}, {}], dropped: 1 });
});
