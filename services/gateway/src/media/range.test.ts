import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseRange } from './range.ts';

test('a range is clipped to the file, or unsatisfiable', () => {
  const number = fc.nat({ max: 1000 });
  fc.assert(
    fc.property(number, number, number, (size, first, last) => {
      const range = parseRange(`bytes=${first}-${last}`, size);
      if (last < first) expect(range).toBeNull();
      else if (first >= size) expect(range).toBe('unsatisfiable');
      else expect(range).toEqual({ first, last: Math.min(last, size - 1) });
      const suffix = parseRange(`bytes=-${last}`, size);
      if (last === 0 || size === 0) expect(suffix).toBe('unsatisfiable');
      else expect(suffix).toEqual({ first: Math.max(0, size - last), last: size - 1 });
    }),
  );
});

test.each([undefined, '', 'bytes=', 'bytes=-', 'bytes=1-2,4-5', 'items=0-1', 'bytes=a-b', 'bytes=-1-2'])(
  'the header %s selects the whole file',
  (header) => expect(parseRange(header, 10)).toBeNull(),
);
