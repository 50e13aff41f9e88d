import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ensureSecrets } from './secrets.ts';

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'secrets-'));
  file = join(folder, 'secrets.json');
});
afterEach(() => rm(folder, { recursive: true }));

test('a new user gets a password, existing users keep theirs, and a removed user loses it', async () => {
  const first = await ensureSecrets(file, ['gateway', 'muxer']);
  const second = await ensureSecrets(file, ['gateway', 'encoder']);
  expect(second).toEqual({ ...first, nats: { gateway: first.nats.gateway, encoder: second.nats.encoder } });
  expect(second.nats.encoder).toMatch(/^[\w-]{43}$/);
  expect(JSON.parse(await readFile(file, 'utf8'))).toEqual(second);
  expect(await readdir(folder)).toEqual(['secrets.json']);
});

test('the file becomes private when others could read it', async () => {
  await ensureSecrets(file, ['gateway']);
  await chmod(file, 0o644);
  await ensureSecrets(file, ['gateway']);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
});

test.each(['', '{', '{}', '{"nats":{},"stageToken":"x","cookieSecret":"x","mediaSecret":"x"}'])(
  'a file with other contents is neither used nor overwritten: %j',
  async (text) => {
    await writeFile(file, text);
    await expect(ensureSecrets(file, ['gateway'])).rejects.toThrow('delete it, and new ones are created');
    expect(await readFile(file, 'utf8')).toBe(text);
  },
);
