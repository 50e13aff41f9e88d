import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { oneAtATime } from './one-at-a-time.mjs';

let folder: string;
let lock: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lock-'));
  lock = join(folder, 'cache', 'web.lock');
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

test('the second process waits until the first has ended, even when the first fails', async () => {
  const story: string[] = [];
  const work = (name: string, fails: boolean) => async () => {
    story.push(`${name} begins`);
    await setImmediate();
    story.push(`${name} ends`);
    if (fails) throw new Error(name);
    return name;
  };
  const both = [oneAtATime(lock, work('a', true)), oneAtATime(lock, work('b', false))];
  expect((await Promise.allSettled(both)).map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
  expect(story).toEqual(['a begins', 'a ends', 'b begins', 'b ends']);
  expect(existsSync(lock)).toBe(false);
});

test('the lock of a killed process is ignored', async () => {
  const gone = spawnSync(process.execPath, ['-p', 'process.pid'], { encoding: 'utf8' }).stdout.trim();
  await mkdir(dirname(lock));
  await writeFile(lock, gone);
  expect(await oneAtATime(lock, () => Promise.resolve('done'))).toBe('done');
});
