import { mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { followFile } from './follow-file.ts';

let folder: string;
let said: string[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'follow-'));
  said = [];
});
afterEach(() => rm(folder, { recursive: true }));

function follow(file: string) {
  const log = { info: (message: string) => said.push(message), error: (message: string) => said.push(message) };
  async function read(path: string): Promise<number> {
    const value = Number(await readFile(path, 'utf8'));
    if (Number.isNaN(value)) throw new Error('not a number');
    return value;
  }
  return followFile({ file, name: 'numbers', read, log, intervalMs: 10 });
}

/** Writes a file in one step. `writeFile` truncates it first, and an empty file could be read in between. */
async function replace(file: string, text: string): Promise<void> {
  await writeFile(`${file}.new`, text);
  await rename(`${file}.new`, file);
}

test('a file is read again when it changes, and an invalid one changes nothing', async () => {
  const file = join(folder, 'file');
  await writeFile(file, '1');
  using followed = await follow(file);
  expect(followed.current).toBe(1);
  await replace(file, '22');
  await expect.poll(() => followed.current).toBe(22);
  await replace(file, 'nothing');
  await expect.poll(() => said).toEqual(['the numbers were read again', 'the numbers stay as they were']);
  expect(followed.current).toBe(22);
  await rm(file);
  await writeFile(file, '333');
  await expect.poll(() => followed.current).toBe(333);
});

test('a file that is replaced through a symbolic link, as Kubernetes does it, is read again', async () => {
  await writeFile(join(folder, 'old'), '1');
  await writeFile(join(folder, 'new'), '2');
  const file = join(folder, 'link');
  await symlink('old', file);
  using followed = await follow(file);
  await rm(file);
  await symlink('new', file);
  await expect.poll(() => followed.current).toBe(2);
});

test('a change that cannot be read at first is read later, although the file does not change again', async () => {
  const file = join(folder, 'file');
  await writeFile(file, '1');
  const said: string[] = [];
  const log = { info: (message: string) => said.push(message), error: (message: string) => said.push(message) };
  let failures = 3;
  async function read(path: string): Promise<string> {
    const text = await readFile(path, 'utf8');
    if (text === '22' && failures-- > 0) throw new Error('too many open files');
    return text;
  }
  using followed = await followFile({ file, name: 'numbers', read, log, intervalMs: 10 });
  await writeFile(file, '22');
  await expect.poll(() => followed.current).toBe('22');
  expect(said).toEqual(['the numbers stay as they were', 'the numbers were read again']);
});

test('a file that cannot be read at the start is an error', async () => {
  await expect(follow(join(folder, 'missing'))).rejects.toThrow('ENOENT');
});

test('a file system that does not answer is an error at the start, and later it is asked once', async () => {
  const file = join(folder, 'file');
  await writeFile(file, '1');
  const log = { info: () => undefined, error: (message: string) => said.push(message) };
  const never = () => new Promise<never>(() => undefined);
  await expect(followFile({ file, name: 'numbers', read: never, log, timeoutMs: 20 })).rejects.toThrow(
    `${file} did not answer within 20 ms`,
  );

  let reads = 0;
  const read = () => (++reads === 1 ? Promise.resolve('1') : never());
  using followed = await followFile({ file, name: 'numbers', read, log, intervalMs: 5, timeoutMs: 20 });
  await writeFile(file, '22');
  await expect.poll(() => said).toEqual(['the numbers cannot be looked at']);
  await delay(50);
  expect([reads, followed.current]).toEqual([2, '1']);
});
