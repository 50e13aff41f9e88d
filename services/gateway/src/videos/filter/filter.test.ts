import { create } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { VideoRecordSchema, VideoState } from '@cinematica/pipeline';
import { RpcError } from '@cinematica/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { OPERATORS, parseFilter } from './parse-filter.ts';
import { FilterError } from './tokenize.ts';
import { compileVideoFilter } from './video-filter.ts';

const TIME = Date.parse('2026-11-28T09:30:00Z');
const record = create(VideoRecordSchema, {
  state: VideoState.DONE,
  externalId: 'order "17"',
  requestId: '0f8b6e9a-5d1c-4c3e-9b7a-2f4d6c8e0a1b',
  labels: { project: 'spring', empty: '' },
  createTime: timestampFromMs(TIME),
});

const matches = (filter: string) => compileVideoFilter(filter)(record);
const reasonOf = (filter: string) => {
  try {
    compileVideoFilter(filter);
  } catch (error) {
    return (error as RpcError).message;
  }
  return 'accepted';
};

test.each([
  ['', true],
  ['  ', true],
  ['state = DONE', true],
  ['state=STATE_DONE', true],
  ['state != DONE', false],
  ['state = QUEUED', false],
  ['external_id = "order \\"17\\""', true],
  ['external_id = \'order "17"\'', true],
  ['request_id = 0F8B6E9A-5d1c-4c3e-9b7a-2f4d6c8e0a1b', true],
  ['request_id != "0f8b6e9a-5d1c-4c3e-9b7a-2f4d6c8e0a1b"', false],
  ['labels.project = spring', true],
  ['labels.project != "spring"', false],
  ['labels.missing = ""', true],
  ['labels.constructor = ""', true],
  ['labels:project', true],
  ['labels:empty AND labels.empty:*', true],
  ['labels:missing', false],
  ['create_time = 2026-11-28T09:30:00Z', true],
  ['create_time = "2026-11-28T10:30:00+01:00"', true],
  ['create_time > "2026-11-28T09:30:00Z"', false],
  ['create_time >= "2026-11-28T09:30:00Z" AND create_time < "2026-11-29T00:00:00Z"', true],
  ['state = DONE AND labels.project = autumn', false],
])('%s gives %s', (filter, expected) => {
  expect(matches(filter)).toBe(expected);
});

test.each([
  ['state', 'filter: there must be one of = != < <= > >= : at the end'],
  ['state =', 'filter: there must be a value at the end'],
  ['= DONE', 'filter: there must be a field at position 1, not “=”'],
  ['state = DONE state = QUEUED', 'filter: there must be AND or the end at position 14, not “state”'],
  ['state = DONE OR state = QUEUED', 'filter: OR is not supported: join comparisons by AND'],
  ['NOT state = DONE', 'filter: NOT is not supported: join comparisons by AND'],
  ['(state = DONE)', 'filter: parentheses are not supported'],
  ['external_id = "open', 'filter: the string at position 15 has no end'],
  ['external_id = ß', 'filter: “ß” at position 15 must be in quotes'],
  ['state = done', 'filter: state must be one of QUEUED, RUNNING, DONE, FAILED, CANCELLED, not “done”'],
  ['state > DONE', 'filter: state can be compared with = and != only, not with >'],
  ['create_time > yesterday', 'filter: create_time must be a time such as "2026-11-28T09:30:00Z", not “yesterday”'],
  ['create_time : "2026-11-28T09:30:00Z"', 'filter: create_time cannot be compared with :'],
  ['labels = x', 'filter: labels must be followed by a colon and a key, or by a dot and a key'],
  [
    'name = x',
    'filter: there is no field “name”; filters can use state, external_id, request_id, create_time, labels.KEY and labels:KEY',
  ],
])('%s is refused in words', (filter, message) => {
  expect(reasonOf(filter)).toBe(message);
});

describe('any filter', () => {
  const word = fc.stringMatching(/^[a-z_][a-z0-9_-]{0,12}$/).filter((text) => !['and', 'or', 'not'].includes(text));
  const comparison = fc.record({
    field: fc.oneof(
      word,
      fc.tuple(word, word).map((parts) => parts.join('.')),
    ),
    operator: fc.constantFrom(...OPERATORS),
    value: fc.string({ unit: 'grapheme' }),
  });
  const space = fc.constantFrom('', ' ', '  ', '\n');

  test('comparisons that are written as text are read as they were', () => {
    fc.assert(
      fc.property(fc.array(comparison, { maxLength: 5 }), space, (comparisons, gap) => {
        const quote = (text: string) => `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
        const filter = comparisons
          .map(({ field, operator, value }) => `${field}${gap}${operator}${gap}${quote(value)}`)
          .join(' AND ');
        expect(parseFilter(filter)).toEqual(comparisons);
      }),
    );
  });

  test('text of any kind is read or refused, and never fails otherwise', () => {
    const part = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(
        'state',
        'labels',
        '.',
        ':',
        '=',
        '!=',
        '"',
        "'",
        '\\',
        'AND',
        'OR',
        '(',
        ')',
        ' ',
        'DONE',
        '2026-11-28T09:30:00Z',
      ),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 20 }), (parts) => {
        const filter = parts.join('');
        try {
          for (const { field, operator } of parseFilter(filter)) {
            expect(field).not.toBe('');
            expect(OPERATORS).toContain(operator);
          }
        } catch (error) {
          expect(error).toBeInstanceOf(FilterError);
        }
        try {
          expect(typeof matches(filter)).toBe('boolean');
        } catch (error) {
          expect(error).toBeInstanceOf(RpcError);
        }
      }),
      { numRuns: 1000 },
    );
  });

  test('a long filter is parsed in linear time', () => {
    for (const text of ['a'.repeat(100_000), `"${'\\'.repeat(100_000)}`, 'a '.repeat(50_000), '"'.repeat(99_999)]) {
      const begun = performance.now();
      expect(reasonOf(text)).toMatch(/^filter: /);
      expect(performance.now() - begun).toBeLessThan(10_000);
    }
  });
});
