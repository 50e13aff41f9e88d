import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeHeader, frameHeader } from './encode-header.ts';
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
const withData = (header: string): Buffer => Buffer.concat([frameHeader(header), Buffer.alloc(16)]);

describe('readHeader', () => {
  test('says where each tensor lies, in the order of the bytes', async () => {
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

  test('reads what encodeHeader writes', async () => {
    const specs = [
      { name: 'x', dtype: 'BF16', shape: [4, 1] },
      { name: 'y', dtype: 'BOOL', shape: [8] },
    ] as const;
    await writeFile(file, Buffer.concat([encodeHeader(specs), Buffer.alloc(16)]));
    expect(await readHeader(file)).toMatchObject(specs);
  });

  const all = tensor('F32', '[4]', '[0,16]');
  test.each<[string, Buffer, string]>([
    ['nothing', Buffer.alloc(0), '0 bytes are too few'],
    ['no room for a header', Buffer.alloc(7), '7 bytes are too few'],
    ['a length of 2^64 - 1', Buffer.alloc(64, 0xff), '100 MB are the limit'],
    [
      'a length just over the limit',
      Buffer.from([1, 0xe1, 0xf5, 5, 0, 0, 0, 0]),
      'a header of 100000001 bytes, 100 MB',
    ],
    [
      'a length past the end',
      Buffer.from([9, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0x7d]),
      '(9 bytes) goes past the end of the file (10',
    ],
    ['no header', Buffer.alloc(8), 'expected an object'],
    ['an LFS pointer', Buffer.from('version https://git-lfs.github.com/spec/v1\n'), 'git lfs pull'],
    ['invalid UTF-8', Buffer.concat([frameHeader('{"\u00e9":1}').fill(0xff, 10, 11), Buffer.alloc(16)]), 'not UTF-8'],
    ['a byte order mark', withData(`\ufeff{"a":${all}}`), 'expected an object'],
    ['not JSON', withData('hello'), 'expected an object'],
    ['an array', withData('[]'), 'expected an object'],
    ['text after the object', withData(`{"a":${all}}x`), 'expected the end'],
    ['metadata that is no map', withData(`{"a":${all},"__metadata__":[]}`), 'expected an object'],
    ['metadata that is no text', withData(`{"a":${all},"__metadata__":{"v":1}}`), 'expected a string'],
    ['metadata twice', withData(`{"a":${all},"__metadata__":{},"__metadata__":{}}`), '"__metadata__" is there twice'],
    ['a name twice', withData(`{"a":${all},"a":${all}}`), 'the name "a" is there twice'],
    ['a name twice, escaped', withData(`{"a/b":${all},"\\u0061\\/b":${all}}`), 'the name "a/b" is there twice'],
    [
      'a field twice',
      withData(`{"a":{"dtype":"F32","shape":[4],"shape":[4],"data_offsets":[0,16]}}`),
      '"shape" is there twice',
    ],
    [
      'a field that is none',
      withData(`{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16],"x":1}}`),
      'unknown field "x"',
    ],
    ['a field missing', withData('{"a":{"dtype":"F32","shape":[4]}}'), 'is missing'],
    ['an unknown dtype', withData(`{"a":${tensor('toString', '[4]', '[0,16]')}}`), 'unknown dtype "toString"'],
    ['a negative dimension', withData(`{"a":${tensor('F32', '[-2,-2]', '[0,16]')}}`), 'expected a whole number'],
    ['half a dimension', withData(`{"a":${tensor('F32', '[8,0.5]', '[0,16]')}}`), 'expected a whole number'],
    ['a dimension beyond 2^53', withData(`{"a":${tensor('F32', '[1e99]', '[0,16]')}}`), 'expected a whole number'],
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
      'shape and range that disagree',
      withData(`{"a":${tensor('F32', '[3]', '[0,16]')}}`),
      'F32 [3] is 12 bytes, its data_offsets span 16',
    ],
    ['a range backwards', withData(`{"a":${tensor('F32', '[4]', '[16,0]')}}`), 'no range'],
    ['half a range', withData(`{"a":${tensor('F32', '[4]', '[0]')}}`), 'no range'],
    ['three offsets', withData(`{"a":${tensor('F32', '[4]', '[0,16,16]')}}`), 'more than 2 numbers'],
    ['bytes past the end', withData(`{"a":${tensor('F32', '[5]', '[0,20]')}}`), '"a" go past the end of the file'],
    ['an overlap', withData(`{"a":${all},"b":${tensor('U8', '[8]', '[8,16]')}}`), '"b" overlap'],
    ['the same bytes twice', withData(`{"a":${all},"b":${all}}`), '"b" overlap'],
    [
      'a hole',
      withData(`{"a":${tensor('U8', '[4]', '[0,4]')},"b":${tensor('U8', '[8]', '[8,16]')}}`),
      'a hole of 4 bytes before "b"',
    ],
    ['a hole at the start', withData(`{"b":${tensor('U8', '[8]', '[8,16]')}}`), 'a hole of 8 bytes before "b"'],
    [
      'bytes after the last tensor',
      withData(`{"a":${tensor('U8', '[4]', '[0,4]')}}`),
      '12 bytes follow the last tensor',
    ],
    ['bytes and no tensor', withData('{}'), '16 bytes follow'],
  ])('refuses %s', async (_, bytes, reason) => {
    await writeFile(file, bytes);
    const error: unknown = await readHeader(file).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(SafetensorsError);
    expect(String(error)).toContain(`SafetensorsError: ${file}: `);
    expect(String(error)).toContain(reason);
  });

  test('a hostile name is shown on one short line', async () => {
    await writeFile(file, withData(`{"\\u001b[2J\\n\\u2028\\u202e${'x'.repeat(1e6)}":1}`));
    const error: unknown = await readHeader(file).catch((e: unknown) => e);
    expect(String(error)).toContain('"\\u{1b}[2J\\u{a}\\u{2028}\\u{202e}xxx');
    expect(String(error).length).toBeLessThan(file.length + 400);
  });

  test('refuses what is no file, without waiting on a pipe', async () => {
    await expect(readHeader(join(folder, 'none'))).rejects.toThrow('missing, or a link');
    await expect(readHeader(folder)).rejects.toThrow('not a regular file');
    if (process.platform === 'win32') return;
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    await expect(readHeader(join(folder, 'pipe'))).rejects.toThrow('not a regular file');
  });
});
