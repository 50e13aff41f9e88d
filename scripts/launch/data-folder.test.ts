import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DataFolderInUseError, openDataFolder } from './data-folder.ts';

const OPENER = join(import.meta.dirname, 'fixtures', 'open-data-folder.ts');

let home: string;
let children: ChildProcess[];
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'data-'));
  children = [];
});
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  await rm(home, { recursive: true, force: true });
});

/** Opens the folder in a separate process. @returns its first line */
async function open(root: string): Promise<string> {
  const child = spawn(process.execPath, [OPENER, root], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return line.toString().trim();
}

test('one of several processes gets a folder, and the others touch nothing in it', async () => {
  const lines = await Promise.all(Array.from({ length: 6 }, () => open(join(home, 'data'))));
  expect(lines.sort()).toEqual(['in use', 'in use', 'in use', 'in use', 'in use', 'opened']);
});

test('a process that was killed leaves the folder free', async () => {
  const root = join(home, 'data');
  expect(await open(root)).toBe('opened');
  await expect(openDataFolder(root, AbortSignal.timeout(10_000))).rejects.toThrow(DataFolderInUseError);
  children[0]?.kill('SIGKILL');
  await delay(500);
  await using folder = await openDataFolder(root, AbortSignal.timeout(10_000));
  expect(folder.root).toBe(root);
});

test('a folder is free after it was disposed of', async () => {
  const root = join(home, 'some', 'data');
  await (await openDataFolder(root, AbortSignal.timeout(10_000)))[Symbol.asyncDispose]();
  expect(await open(root)).toBe('opened');
});

/** Runs a script as root of a new namespace, where it may mount file systems. */
const inNamespace = (script: string): string =>
  execFileSync('unshare', ['--map-root-user', '--mount', 'sh', '-c', script], { encoding: 'utf8', stdio: 'pipe' });

function canMount(): boolean {
  try {
    inNamespace(`mount -t tmpfs tmpfs ${tmpdir()}`);
    return true;
  } catch {
    return false;
  }
}

test.skipIf(!canMount()).each(['.', 'data', 'some/data'])(
  'a folder on a read-only file system is reported: %s',
  (path) => {
    const said = inNamespace(`mount -t tmpfs -o ro tmpfs ${home} && ${process.execPath} ${OPENER} ${join(home, path)}`);
    expect(said).toBe(
      `The data folder ${join(home, path)} can’t be used: it is on a read-only file system. Choose another with --data.\n`,
    );
  },
);

test('a file is not a data folder', async () => {
  await writeFile(join(home, 'data'), '');
  await expect(openDataFolder(join(home, 'data'), AbortSignal.timeout(10_000))).rejects.toThrow(/EEXIST/);
});
