import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLog } from '@cinematica/pipeline';
import type { StreamBackups } from '@cinematica/pipeline';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createBackup } from './create-backup.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cinematica-create-backup-'));
});
afterEach(() => rm(folder, { recursive: true }));

interface Hooks {
  /** Called when the first snapshot begins. */
  readonly started?: () => void;
  /** Called when the size of the first stream is asked for. */
  readonly asked?: () => void;
}

/** Starts a backup of streams of this size. Their snapshots never end. */
function startBackup(bytes: number, signal: AbortSignal, { started, asked }: Hooks = {}): Promise<string> {
  const backups: StreamBackups = {
    size() {
      asked?.();
      return Promise.resolve({ messages: 1, bytes, last_seq: 1 });
    },
    snapshot() {
      started?.();
      return new Promise(() => undefined);
    },
    restore: () => Promise.reject(new Error('not used')),
    remove: () => Promise.reject(new Error('not used')),
  };
  const log = createLog('test', { write: () => undefined });
  return createBackup({ backups, folder, keep: 3, server: '2.10.0', log, signal });
}

test('an interrupted backup that takes the room does not make the next one remove complete ones', async () => {
  const names = ['2001-01-01T00-00-00Z', '2002-01-01T00-00-00Z', 'partial-2003-01-01T00-00-00Z'];
  for (const name of names) await mkdir(join(folder, name));
  const refused = startBackup(2 ** 60, new AbortController().signal);
  await expect(refused).rejects.toThrow(`remove ${join(folder, 'partial-2003-01-01T00-00-00Z')}`);
  await expect(refused).rejects.toThrow(/may need \d+ MiB, and .* has \d+ MiB of free space/);
  expect((await readdir(folder)).sort()).toEqual(names);
});

test('a backup that is stopped leaves nothing, even while the server checks a stream', async () => {
  const stopping = new AbortController();
  const stopped = startBackup(1, stopping.signal, { started: () => stopping.abort(new Error('stopped')) });
  await expect(stopped).rejects.toThrow('stopped');
  expect(await readdir(folder)).toEqual([]);
});

test('a backup that is stopped before it has begun removes nothing, and leaves nothing', async () => {
  const names = ['2001-01-01T00-00-00Z', '2002-01-01T00-00-00Z', '2003-01-01T00-00-00Z'];
  for (const name of names) await mkdir(join(folder, name));
  // One that does not fit, for which old ones would be removed, and one that fits.
  for (const bytes of [1, 2 ** 60]) {
    const stopping = new AbortController();
    const stopped = startBackup(bytes, stopping.signal, { asked: () => stopping.abort(new Error('stopped')) });
    await expect(stopped).rejects.toThrow('stopped');
    expect((await readdir(folder)).sort()).toEqual(names);
  }
});
