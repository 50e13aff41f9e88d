import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createJsonReader, JsonError } from './json-reader.ts';

function accepts(text: string): boolean {
  try {
    const reader = createJsonReader(text);
    reader.skip();
    reader.end();
    return true;
  } catch (error) {
    if (error instanceof JsonError) return false;
    throw error;
  }
}

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe('JsonReader', () => {
  test('accepts everything that JSON.stringify writes, with and without white space', () => {
    const value = fc.jsonValue({ stringUnit: 'binary', depthSize: 'small' });
    fc.assert(
      fc.property(value, (v) => accepts(JSON.stringify(v)) && accepts(` ${JSON.stringify(v, null, '\t')}\r\n`)),
    );
  });

  test('rejects what JSON.parse rejects; beyond that, only duplicate keys and lone surrogates', () => {
    const pieces = [
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"a"',
      '"b"',
      '"\\n"',
      '"\\x"',
      '"\n"',
      '0',
      '01',
      '-',
      '1.',
      '1e5',
      'nul',
      'true',
      ' ',
    ];
    const text = fc.array(fc.constantFrom(...pieces), { maxLength: 8 }).map((p) => p.join(''));
    const damaged = fc
      .tuple(fc.json({ maxDepth: 3 }), fc.nat(), fc.constantFrom(...pieces), fc.nat(3))
      .map(([json, at, piece, cut]) => {
        const position = at % (json.length + 1);
        return json.slice(0, position) + piece + json.slice(position + cut);
      });
    fc.assert(
      fc.property(fc.oneof(text, damaged), (t) => {
        if (accepts(t)) return parses(t);
        return !parses(t) || /"(.*)".*"\1"/s.test(t) || /\\u|[\ud800-\udfff]/.test(t);
      }),
      { numRuns: 3000 },
    );
  });

  test.each([
    ['{"a":1,"b":2,"a":3}', 'the name "a" occurs twice'],
    ['{"a":1,"\\u0061":3}', 'the name "a" occurs twice'],
    ['{"a":{"x":1,"x":2}}', 'the name "x" occurs twice'],
    ['"\\ud800"', 'a valid string'],
    ['['.repeat(1000), 'nested deeper than 32 levels'],
    ['{"a":'.repeat(1000), 'nested deeper than 32 levels'],
    ['[1 2]', 'expected "," or "]" at character 3, found "2]"'],
    ['', 'found the end'],
    ['{} {}', 'expected the end at character 3'],
  ])('rejects %s', (text, reason) => {
    const read = (): void => {
      const reader = createJsonReader(text);
      reader.skip();
      reader.end();
    };
    expect(read).toThrow(JsonError);
    expect(read).toThrow(reason);
  });

  test('wholeNumber rejects signs, fractions, exponents and numbers above 2^53 − 1', () => {
    expect(createJsonReader(' 9007199254740991').wholeNumber()).toBe(Number.MAX_SAFE_INTEGER);
    for (const text of ['-1', '1.0', '1e3', '01', '9007199254740992', '9'.repeat(400), '"1"', 'null', '']) {
      expect(() => {
        const reader = createJsonReader(text);
        reader.wholeNumber();
        reader.end();
      }, text).toThrow(JsonError);
    }
  });
});
