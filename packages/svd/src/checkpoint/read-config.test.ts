import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { readConfig } from './read-config.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'config-'));
});
afterAll(() => rm(folder, { recursive: true }));

const schema = z.object({ levels: z.number() });

test('a file over 1 MB is refused before it is parsed', async () => {
  const file = join(folder, 'large.json');
  await writeFile(file, '['.repeat(1_000_001));
  await expect(readConfig(file, schema)).rejects.toThrow(`${file} has 1000001 bytes; the limit is 1 MB`);
});

test.runIf(process.platform !== 'win32')('a pipe is refused without being opened', async () => {
  const file = join(folder, 'pipe.json');
  execFileSync('mkfifo', [file]);
  await expect(readConfig(file, schema)).rejects.toThrow(`${file} is not a regular file`);
});

test('a valid file is read', async () => {
  const file = join(folder, 'config.json');
  await writeFile(file, '{"levels": 4, "other": true}');
  expect(await readConfig(file, schema)).toEqual({ levels: 4 });
});
