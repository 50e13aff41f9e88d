import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { encodeHeader, padHeader } from './encode-header.ts';
import { SafetensorsError } from './safetensors-error.ts';
import { openWeights } from './weights.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'safetensors-fuzz-'));
});
afterAll(() => rm(folder, { recursive: true }));

const header = encodeHeader([
  { name: 'down.0.weight', dtype: 'F16', shape: [4, 3, 3] },
  { name: 'down.0.bias', dtype: 'F16', shape: [4] },
  { name: 'norm "é"', dtype: 'F32', shape: [] },
  { name: 'ids', dtype: 'I64', shape: [1, 2] },
  { name: 'none', dtype: 'BF16', shape: [0] },
]);
const json = header.subarray(8).toString().trimEnd();
const data = Buffer.alloc(72 + 8 + 4 + 16, 0x3c);
const base = Buffer.concat([header, data]);

type Mutation = (file: Buffer) => Buffer;

/** Changes the text of the header and pads it again, so that only the JSON is damaged. */
const inText = (edit: (text: string) => string): Mutation => {
  const framed = Buffer.concat([padHeader(edit(json)), data]);
  return () => framed;
};

const bytes = fc.oneof<fc.Arbitrary<Mutation>[]>(
  fc.tuple(fc.nat(base.length - 1), fc.nat(7)).map(([at, bit]) => (file: Buffer) => {
    if (at < file.length) file[at] = (file[at] ?? 0) ^ (1 << bit);
    return file;
  }),
  fc.nat(base.length).map((length) => (file: Buffer) => file.subarray(0, length)),
  fc.uint8Array({ maxLength: 64 }).map((tail) => (file: Buffer) => Buffer.concat([file, tail])),
  fc.oneof(fc.bigInt(0n, 2n ** 64n - 1n), fc.bigInt(0n, BigInt(2 * base.length))).map((length) => (file: Buffer) => {
    if (file.length >= 8) file.writeBigUInt64LE(length);
    return file;
  }),
);

const number = fc.oneof(
  fc.constantFrom(
    '-1',
    '0.5',
    '1e400',
    '9007199254740993',
    '18446744073709551616',
    'null',
    '"4"',
    '[]',
    '9'.repeat(9999),
  ),
  fc.nat(200).map(String),
  fc.bigInt(0n, 2n ** 64n).map(String),
);
const texts = fc.oneof<fc.Arbitrary<Mutation>[]>(
  fc.tuple(fc.nat(20), number).map(([which, value]) => {
    let count = 0;
    return inText((text) => text.replace(/\d+(?=[,\]])/g, (old) => (count++ === which ? value : old)));
  }),
  fc.nat(4).map((which) => {
    let count = 0;
    return inText((text) =>
      text.replace(/"data_offsets":\[(\d+),(\d+)\]/g, (old, a: string, b: string) =>
        count++ === which ? `"data_offsets":[${b},${a}]` : old,
      ),
    );
  }),
  fc
    .constantFrom('down.0.weight', 'norm \\"é\\"', '\\u0064own.0.bias', '__metadata__', '__proto__')
    .map((name) =>
      inText((text) => text.replace(/\}$/, `,"${name}":{"dtype":"F16","shape":[4],"data_offsets":[72,80]}}`)),
    ),
  fc
    .tuple(fc.constantFrom('[', '{"a":', '[[],'), fc.integer({ min: 1, max: 200_000 }), fc.boolean())
    .map(([open, depth, inside]) =>
      inText((text) => (inside ? text.replace('"pt"', open.repeat(depth)) : open.repeat(depth))),
    ),
  fc
    .tuple(fc.constantFrom('x', '\\n', '\\ud83d', '"', '\\', 'é', '\u0000'), fc.integer({ min: 1, max: 100_000 }))
    .map(([unit, times]) => inText((text) => text.replace('down.0.bias', unit.repeat(times)))),
  fc
    .tuple(fc.constantFrom('1,', ' ', '0', '1'), fc.integer({ min: 1, max: 100_000 }))
    .map(([unit, times]) => inText((text) => text.replace('"shape":[', `"shape":[${unit.repeat(times)}`))),
  fc
    .tuple(
      fc.nat(json.length),
      fc.nat(30),
      fc.constantFrom('', '{', '}', '[', ']', ',', ':', '"', '\\', '\u2028', '\ud800'),
    )
    .map(([at, cut, put]) => inText((text) => text.slice(0, at) + put + text.slice(at + cut))),
);

test('3,000 damaged files are read or rejected, with little memory', async () => {
  const file = join(folder, 'model.safetensors');
  const before = process.resourceUsage().maxRSS;
  let refused = 0;

  const damage = fc
    .tuple(fc.option(texts), fc.array(bytes, { maxLength: 2 }))
    .filter(([t, b]) => t !== null || b.length > 0);
  await fc.assert(
    fc.asyncProperty(damage, async ([text, flips]) => {
      const damaged = [...(text ? [text] : []), ...flips].reduce<Buffer>((b, mutate) => mutate(b), Buffer.from(base));
      await writeFile(file, damaged);
      try {
        const weights = await openWeights(folder, 'model');
        // An accepted file must be complete: each tensor lies within the file and has the length of its shape.
        for (const { offset, length } of weights.tensors.values())
          expect(offset + length).toBeLessThanOrEqual(damaged.length);
        for (const [name, { dtype, shape }] of weights.tensors) {
          if (['F16', 'F32', 'BF16', 'F64'].includes(dtype)) {
            expect(await weights.read(name)).toHaveLength(shape.reduce((a, b) => a * b, 1));
          }
        }
      } catch (error) {
        if (!(error instanceof SafetensorsError)) throw error;
        expect(error.message).toMatch(/^[^\n]{1,600}$/);
        refused += 1;
      }
    }),
    { numRuns: 3000, seed: 20261123 },
  );

  expect(refused).toBeGreaterThan(2000);
  expect(process.resourceUsage().maxRSS - before).toBeLessThan(300_000); // kB
}, 120_000);

test('a header of 20 MB of brackets, digits, spaces or one name is rejected with little memory', async () => {
  const file = join(folder, 'big.safetensors');
  const before = process.resourceUsage().maxRSS;
  for (const [start, fill] of [
    ['[', '['],
    ['{"a":{"shape":[', '1'],
    ['{"a":{"shape":[', '1,'],
    ['{', ' '],
    ['{"', 'x'],
    ['{"', '\\n'],
  ] as const) {
    await writeFile(file, padHeader(start + fill.repeat(20e6 / fill.length)));
    await expect(openWeights(folder, 'big')).rejects.toThrow(SafetensorsError);
  }
  expect(process.resourceUsage().maxRSS - before).toBeLessThan(300_000); // kB
}, 120_000);
