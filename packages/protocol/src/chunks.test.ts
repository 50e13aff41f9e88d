import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createChunkReader, splitIntoChunks } from './chunks.ts';
import { bytesToFloat32, float32ToBytes } from './float32.ts';
import { RpcError } from './rpc/rpc-error.ts';

const item = (length: number, seed: number): Uint8Array => Buffer.alloc(length, `cinemática ${seed} `);

test('items of any size are reassembled completely and in order', () => {
  const sizes = fc.array(
    fc.oneof(fc.integer({ min: 1, max: 9 }), fc.constantFrom(1048575, 1048576, 1048577, 2500000)),
    {
      maxLength: 4,
    },
  );
  fc.assert(
    fc.property(sizes, (lengths) => {
      const items = lengths.map(item);
      const reader = createChunkReader(items.length, (index) => lengths[index] ?? 0);
      const got = items.flatMap((data, index) =>
        [...splitIntoChunks(index, data)].flatMap((chunk) => {
          expect(chunk.data.length).toBeLessThanOrEqual(1048576);
          return reader.add(chunk) ?? [];
        }),
      );
      reader.end();
      expect(got.map(({ index }) => index)).toEqual(items.map((_, index) => index));
      got.forEach(({ data, index }) => expect(Buffer.compare(data, items[index] ?? item(0, 0))).toBe(0));
    }),
    { numRuns: 30 },
  );
});

test('rejects chunks that are not the expected ones', () => {
  const data = item(6, 1);
  const cases: [string, { index: number; offset: bigint; data: Uint8Array }[]][] = [
    ['item 0, byte 0, not item 1, byte 0', [{ index: 1, offset: 0n, data }]],
    [
      'item 0, byte 3, not item 0, byte 4',
      [
        { index: 0, offset: 0n, data: data.subarray(0, 3) },
        { index: 0, offset: 4n, data: data.subarray(4) },
      ],
    ],
    ['has 7 bytes, and the item has 6', [{ index: 0, offset: 0n, data: item(7, 1) }]],
    ['has 0 bytes', [{ index: 0, offset: 0n, data: item(0, 1) }]],
    [
      'there are only 1 items',
      [
        { index: 0, offset: 0n, data },
        { index: 1, offset: 0n, data },
      ],
    ],
    ['ends at item 0, byte 3', [{ index: 0, offset: 0n, data: data.subarray(0, 3) }]],
  ];
  for (const [words, chunks] of cases) {
    const read = () => {
      const reader = createChunkReader(1, 6);
      chunks.forEach((chunk) => reader.add(chunk));
      reader.end();
    };
    expect(read).toThrow(RpcError);
    expect(read).toThrow(words);
  }
});

test('float32 numbers are read from bytes with any alignment', () => {
  const numbers = Float32Array.of(0, -0, 1.5, Number.MIN_VALUE, 3.4e38, Infinity, NaN);
  const bytes = new Uint8Array(numbers.byteLength + 1);
  bytes.set(float32ToBytes(numbers), 1);
  expect(bytesToFloat32(bytes.subarray(1))).toEqual(numbers);
  expect(() => bytesToFloat32(bytes)).toThrow(RangeError);
});
