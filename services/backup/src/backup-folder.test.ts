import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { finishBackup, listBackups, openBackup, partialFolder } from './backup-folder.ts';

test('a backup counts once it is complete, not while it is made', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'backups-'));
  const name = '2026-11-29T02-17-00Z';
  await mkdir(partialFolder(folder, name));
  expect(await listBackups(folder)).toEqual([]);
  await expect(openBackup(folder, 'latest')).rejects.toThrow('contains no backup');

  await finishBackup(folder, name, { format: 1, version: '0.2.0', server: '2.12.0', streams: [] });
  expect(await listBackups(folder)).toEqual([name]);
  expect((await openBackup(folder, 'latest')).path).toBe(join(folder, name));
  expect(await readdir(folder)).toEqual([name]);
  await rm(folder, { recursive: true });
});
