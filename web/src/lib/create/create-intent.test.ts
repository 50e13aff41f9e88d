import { expect, test } from 'vitest';
import { parseCreateIntent } from './create-intent.ts';

test.each([
  ['', undefined],
  ['photo=shared', { kind: 'shared' }],
  ['from=1-2', { kind: 'seed', name: 'videos/1-2' }],
  ['from=1-2&motion=more', { kind: 'motion', name: 'videos/1-2' }],
  ['continue=1-2', { kind: 'continue', name: 'videos/1-2' }],
])('the query "%s" asks for %o', (query, intent) => {
  expect(parseCreateIntent(new URLSearchParams(query))).toEqual(intent);
});
