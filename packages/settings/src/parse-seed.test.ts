import { expect, test } from 'vitest';
import { parseSeed } from './parse-seed.ts';

test.each([
  ['0', 0],
  ['4294967295', 4_294_967_295],
  [' 7 ', 7],
  ['4294967296', 0],
  // 0x1234_5678_9abc_def0: the low half is 0x9abc_def0.
  ['1311768467463790320', 0x9abc_def0],
  ['18446744073709551615', 4_294_967_295],
  ['-1', null],
])('the seed %s is %s', (text, seed) => {
  expect(parseSeed(text)).toBe(seed);
});

test.each(['-2', '1.5', '', 'seven', '1e9', '0x10', '18446744073709551616', '9'.repeat(41)])(
  'the seed “%s” is refused in plain words',
  (text) => {
    expect(() => parseSeed(text)).toThrow(
      /^must be a whole number from 0 to 18446744073709551615, or -1 for a random one, not /,
    );
  },
);
