import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeHeader, padHeader } from './encode-header.ts';
import { readHeader } from './read-header.ts';
import { SafetensorsError } from './safetensors-error.ts';

let folder: string;
let file: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'safetensors-'));
  file = join(folder, 'model.safetensors');
});
afterAll(() => rm(folder, { recursive: true }));

const tensor = (dtype: string, shape: string, offsets: string): string =>
  `{"dtype":${JSON.stringify(dtype)},"shape":${shape},"data_offsets":${offsets}}`;

/** A file with this header and 16 bytes of data. */
const withData = (header: string): Buffer => Buffer.concat([padHeader(header), Buffer.alloc(16)]);

describe('readHeader', () => {
  test('returns the position of each tensor, in the order of the bytes', async () => {
    const header = `{"b":${tensor('F32', '[]', '[12,16]')},"a":${tensor('F16', '[2,3]', '[0,12]')},"empty":${tensor('I64', '[0,5]', '[12,12]')}, "__metadata__":{"format":"pt"}}`;
    const bytes = withData(header);
    await writeFile(file, bytes);
    const start = bytes.length - 16;
    expect(await readHeader(file)).toEqual([
      { name: 'a', dtype: 'F16', shape: [2, 3], file, offset: start, length: 12 },
      { name: 'empty', dtype: 'I64', shape: [0, 5], file, offset: start + 12, length: 0 },
      { name: 'b', dtype: 'F32', shape: [], file, offset: start + 12, length: 4 },
    ]);
  });

  test('reads what encodeHeader wrote', async () => {
    const specs = [
      { name: 'x', dtype: 'BF16', shape: [4, 1] },
      { name: 'y', dtype: 'BOOL', shape: [8] },
    ] as const;
    await writeFile(file, Buffer.concat([encodeHeader(specs), Buffer.alloc(16)]));
    expect(await readHeader(file)).toMatchObject(specs);
  });

  const all = tensor('F32', '[4]', '[0,16]');
  test.each<[string, Buffer, string]>([
    ['an empty file', Buffer.alloc(0), '0 bytes are too few'],
    ['fewer than 8 bytes', Buffer.alloc(7), '7 bytes are too few'],
    ['a length of 2^64 - 1', Buffer.alloc(64, 0xff), 'the limit is 10 MB'],
    [
      'a length just over the limit',
      Buffer.from([0x81, 0x96, 0x98, 0, 0, 0, 0, 0]),
      'has 10000001 bytes; the limit is 10 MB',
    ],
    ['a length past the end', Buffer.from([9, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0x7d]), '(9 bytes) exceeds the file (10'],
    ['no header', Buffer.alloc(8), 'expected an object'],
    ['an LFS pointer', Buffer.from('version https://git-lfs.github.com/spec/v1\n'), 'git lfs pull'],
    ['invalid UTF-8', Buffer.concat([padHeader('{"\u00e9":1}').fill(0xff, 10, 11), Buffer.alloc(16)]), 'not UTF-8'],
    ['a byte order mark', withData(`\ufeff{"a":${all}}`), 'expected an object'],
    ['not JSON', withData('hello'), 'expected an object'],
    ['an array', withData('[]'), 'expected an object'],
    ['text after the object', withData(`{"a":${all}}x`), 'expected the end'],
    ['metadata that is not an object', withData(`{"a":${all},"__metadata__":[]}`), 'expected an object'],
    [
      'metadata with a value that is not a string',
      withData(`{"a":${all},"__metadata__":{"v":1}}`),
      'expected a string',
    ],
    ['metadata twice', withData(`{"a":${all},"__metadata__":{},"__metadata__":{}}`), '"__metadata__" occurs twice'],
    ['a name twice', withData(`{"a":${all},"a":${all}}`), 'the name "a" occurs twice'],
    ['a name twice, escaped', withData(`{"a/b":${all},"\\u0061\\/b":${all}}`), 'the name "a/b" occurs twice'],
    [
      'a field twice',
      withData(`{"a":{"dtype":"F32","shape":[4],"shape":[4],"data_offsets":[0,16]}}`),
      '"shape" occurs twice',
    ],
    [
      'an unknown field',
      withData(`{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16],"x":1}}`),
      'unknown field "x"',
    ],
    ['a field missing', withData('{"a":{"dtype":"F32","shape":[4]}}'), 'is missing'],
    ['an unknown dtype', withData(`{"a":${tensor('toString', '[4]', '[0,16]')}}`), 'unknown dtype "toString"'],
    ['a negative dimension', withData(`{"a":${tensor('F32', '[-2,-2]', '[0,16]')}}`), 'expected an integer'],
    ['a fractional dimension', withData(`{"a":${tensor('F32', '[8,0.5]', '[0,16]')}}`), 'expected an integer'],
    ['a dimension beyond 2^53', withData(`{"a":${tensor('F32', '[1e99]', '[0,16]')}}`), 'expected an integer'],
    [
      'a product beyond 2^53',
      withData(`{"a":${tensor('F32', '[4294967296,4294967296,4294967296]', '[0,16]')}}`),
      'more than 2^53',
    ],
    [
      'a product beyond 2^53 times 0',
      withData(`{"a":${tensor('F32', '[4294967296,4294967296,0]', '[0,0]')}}`),
      'more than 2^53',
    ],
    [
      'a thousand dimensions',
      withData(`{"a":${tensor('F32', `[4${',1'.repeat(999)}]`, '[0,16]')}}`),
      'more than 64 numbers',
    ],
    [
      'a shape that does not match the range',
      withData(`{"a":${tensor('F32', '[3]', '[0,16]')}}`),
      'F32 [3] has 12 bytes, but its data_offsets span 16',
    ],
    ['a range that ends before it begins', withData(`{"a":${tensor('F32', '[4]', '[16,0]')}}`), 'not a valid range'],
    ['a range with one offset', withData(`{"a":${tensor('F32', '[4]', '[0]')}}`), 'not a valid range'],
    ['three offsets', withData(`{"a":${tensor('F32', '[4]', '[0,16,16]')}}`), 'more than 2 numbers'],
    ['bytes past the end', withData(`{"a":${tensor('F32', '[5]', '[0,20]')}}`), '"a" exceed the end of the file'],
    ['an overlap', withData(`{"a":${all},"b":${tensor('U8', '[8]', '[8,16]')}}`), '"b" overlap'],
    ['the same bytes twice', withData(`{"a":${all},"b":${all}}`), '"b" overlap'],
    [
      'a gap',
      withData(`{"a":${tensor('U8', '[4]', '[0,4]')},"b":${tensor('U8', '[8]', '[8,16]')}}`),
      'a gap of 4 bytes before "b"',
    ],
    ['a gap at the start', withData(`{"b":${tensor('U8', '[8]', '[8,16]')}}`), 'a gap of 8 bytes before "b"'],
    [
      'bytes after the last tensor',
      withData(`{"a":${tensor('U8', '[4]', '[0,4]')}}`),
      '12 bytes follow the last tensor',
    ],
    ['bytes without a tensor', withData('{}'), '16 bytes follow'],
  ])('rejects %s', async (_, bytes, reason) => {
    await writeFile(file, bytes);
    const error: unknown = await readHeader(file).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(SafetensorsError);
    expect(String(error)).toContain(`SafetensorsError: ${file}: `);
    expect(String(error)).toContain(reason);
  });

  test('an error shows a hostile name on one short line', async () => {
    await writeFile(file, withData(`{"\\u001b[2J\\n\\u2028\\u202e${'x'.repeat(1e6)}":1}`));
    const error: unknown = await readHeader(file).catch((e: unknown) => e);
    expect(String(error)).toContain('"\\u{1b}[2J\\u{a}\\u{2028}\\u{202e}xxx');
    expect(String(error).length).toBeLessThan(file.length + 400);
  });

  test('rejects missing files, folders and pipes without blocking', async () => {
    await expect(readHeader(join(folder, 'none'))).rejects.toThrow('the file does not exist');
    await expect(readHeader(folder)).rejects.toThrow('not a regular file');
    if (process.platform === 'win32') return;
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    await expect(readHeader(join(folder, 'pipe'))).rejects.toThrow('not a regular file');
  });
});
