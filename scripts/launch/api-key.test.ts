import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseApiKeys } from '@cinematica/gateway/api-keys';
import { ensureApiKey, readApiKey, writeApiKeys } from './api-key.ts';
import { LaunchError } from './launch-error.ts';

let folder: string;
let file: string;
let keys: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'api-key-'));
  file = join(folder, 'api-key');
  keys = join(folder, 'api-keys');
});
afterEach(() => rm(folder, { recursive: true }));

test('a key is made once, only its owner can read it, and the gateway stores its digest', async () => {
  expect(await readApiKey(file)).toBeNull();
  const key = await ensureApiKey(file);
  expect(await ensureApiKey(file)).toBe(key);
  expect(await readApiKey(file)).toBe(key);
  await writeApiKeys(keys, key, undefined);
  for (const path of [file, keys]) expect((await stat(path)).mode & 0o777).toBe(0o600);
  const text = await readFile(keys, 'utf8');
  expect(text).not.toContain(key);
  expect(parseApiKeys(text).ownerOf(key)).toBe('key-local');
  expect((await readdir(folder)).sort()).toEqual(['api-key', 'api-keys']);
});

test('the user’s keys stay valid and keep their line numbers', async () => {
  const key = await ensureApiKey(file);
  const own = join(folder, 'own');
  await writeFile(own, `# mine\nann ${'a'.repeat(64)}`);
  await writeApiKeys(keys, key, own);
  expect(await readFile(keys, 'utf8')).toMatch(/^# mine\nann a{64}\nlocal [0-9a-f]{64}\n$/);
  await expect(writeApiKeys(keys, key, join(folder, 'none'))).rejects.toThrow(
    /^API_KEYS_FILE=.*none can’t be read: ENOENT/,
  );
});

test('a file without a valid key is refused', async () => {
  await writeFile(file, 'cin_short\n');
  await expect(ensureApiKey(file)).rejects.toThrow(LaunchError);
  await expect(readApiKey(file)).rejects.toThrow(/does not contain a valid API key: delete it/);
});
