import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createJsonLimiter, JsonLimitError } from './json-limits.ts';

const LIMITS = { maxDepth: 4, maxStructureBytes: 60, maxStringBytes: 20, maxLongStrings: 1 };

/** Checks a text in chunks of these lengths. Returns the error message, or null. */
function check(text: string, pieces: readonly number[] = []): string | null {
  const limiter = createJsonLimiter(LIMITS);
  let rest = Buffer.from(text);
  try {
    for (const length of pieces) {
      limiter(rest.subarray(0, length));
      rest = rest.subarray(length);
    }
    limiter(rest);
    return null;
  } catch (error) {
    if (error instanceof JsonLimitError) return error.message;
    throw error;
  }
}

test.each([
  ['{"image":"A","settings":{"frames":[1,2]}}', null],
  ['[[[[1]]]]', null],
  ['[[[[[1]]]]]', /nested/],
  ['{"a":"[[[[[[[[[["}', null],
  [String.raw`{"a":"\"[[[[[[[["}`, null],
  [String.raw`{"a":"\\","b":[[[[1]]]]}`, /nested/],
  [`{"image":"${'A'.repeat(1000)}"}`, null],
  [`{"image":"${'A'.repeat(1000)}","b":"${'B'.repeat(1000)}"}`, /only photos may be long/],
  [`{"${String.raw`\/`.repeat(500)}":"${'B'.repeat(1000)}"}`, /only photos may be long/],
  [`[${'1,'.repeat(100)}1]`, /outside of strings/],
])('%s', (text, expected) => {
  if (expected === null) expect(check(text)).toBeNull();
  else expect(check(text)).toMatch(expected);
});

test('an escaped quote is part of its string, also when the backslash is the last byte of a chunk', () => {
  const text = String.raw`{"a":"\"[[[[[[[["}`;
  expect(check(text, [7])).toBeNull();
  expect(Buffer.from(text)[6]).toBe(0x5c);
});

test('the result does not depend on how the text is divided into chunks', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 6 }), fc.array(fc.integer({ min: 1, max: 9 })), (text, pieces) => {
      expect(check(text, pieces)).toBe(check(text));
    }),
    { numRuns: 2_000 },
  );
});
