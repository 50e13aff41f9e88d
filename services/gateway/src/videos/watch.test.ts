import { expect, test } from 'vitest';
import { countWatches } from './watch.ts';

test('a caller has a limited number of watches, and an ended one makes room', () => {
  const watches = countWatches(2);
  const ann = { owner: 'key-ann', address: null };
  const [first] = [watches.begin(ann), watches.begin(ann)];
  expect(watches.begin(ann)).toBeNull();
  expect(watches.begin({ owner: 'key-bob', address: null })).not.toBeNull();
  first?.();
  expect(watches.begin(ann)).not.toBeNull();
  expect(watches.total).toBe(3);
});

test('callers without a key, each a new one, share the limit of their address', () => {
  const watches = countWatches(2);
  const begin = (number: number, address: string) => watches.begin({ owner: `web-${number}`, address });
  const ends = Array.from({ length: 40 }, (_, number) => begin(number, '192.0.2.1'));
  expect(ends).not.toContain(null);
  expect(begin(40, '192.0.2.1')).toBeNull();
  expect(begin(40, '192.0.2.2')).not.toBeNull();
  ends[0]?.();
  expect(begin(40, '192.0.2.1')).not.toBeNull();
});
