import { mkdir, mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { buildOnce, keepUsed, stampOf } from './build-once.mjs';
import { WEB_SOURCES } from './web-app.mjs';

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'web-'));
  for (const file of [
    'pnpm-lock.yaml',
    'packages/protocol/src/v1.ts',
    'packages/settings/src/choose-size.ts',
    'web/messages/common/es.json',
    'web/messages.config.ts',
    'web/package.json',
    'web/project.inlang/settings.json',
    'web/src/routes/+page.svelte',
    'web/static/icon.svg',
    'web/tsconfig.json',
    'web/vite.config.ts',
  ]) {
    await put(file, 'first');
  }
});

afterEach(async () => {
  await rm(root, { recursive: true });
});

async function put(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), text);
}

test.each(['pnpm-lock.yaml', 'packages/protocol/src/gen/a_pb.ts', 'web/src/lib/a/b.ts', 'web/messages/common/es.json'])(
  'the app is built anew when %s appears or changes',
  async (path) => {
    const stamps = [await stampOf(root, WEB_SOURCES)];
    for (const text of ['second', 'third']) {
      await put(path, text);
      stamps.push(await stampOf(root, WEB_SOURCES));
    }
    expect(new Set(stamps).size).toBe(3);
  },
);

test.each(['web/src/lib/a.test.ts', 'web/src/lib/i18n/gen/messages.js', 'web/.svelte-kit/a.js', 'README.md'])(
  'the app is not built anew for %s',
  async (path) => {
    const before = await stampOf(root, WEB_SOURCES);
    await put(path, 'new');
    expect(await stampOf(root, WEB_SOURCES)).toBe(before);
  },
);

const HOUR_MS = 3_600_000;

async function build(text: string): Promise<string> {
  await put('source', text);
  return buildOnce(root, 'builds', 'Building', ['source'], async (folder) => {
    await mkdir(folder, { recursive: true });
  });
}

async function lastUsed(folder: string, hours: number): Promise<void> {
  const time = new Date(Date.now() - hours * HOUR_MS);
  await utimes(folder, time, time);
}

const builds = async (): Promise<string[]> =>
  (await readdir(join(root, '.cache', 'builds'))).map((name) => join(root, '.cache', 'builds', name)).sort();

test('builds are kept if they were used within the last day, and three others for a week', async () => {
  const today = [];
  for (const name of ['a', 'b', 'c', 'd']) today.push(await build(name));
  for (const folder of today) await lastUsed(folder, 23);
  const old = [];
  for (const hours of [100, 50, 90, 60]) {
    const folder = await build(`${hours} hours ago`);
    old.push(folder);
    await lastUsed(folder, hours);
  }
  const newest = await build('now');
  expect(await builds()).toEqual([...today, ...old.slice(1), newest].sort());

  for (const folder of old.slice(1)) await lastUsed(folder, 8 * 24);
  await build('100 hours ago');
  await build('60 hours ago');
  expect(await builds()).toEqual([...today, newest, old[0], old[3]].sort());
});

test('a running system keeps its build, however long it runs', async () => {
  vi.useFakeTimers({ toFake: ['Date', 'setInterval'] });
  try {
    const folder = await build('running');
    keepUsed([folder]);
    await lastUsed(folder, 20 * 24);
    vi.advanceTimersByTime(HOUR_MS);
    await vi.waitFor(async () => expect(Date.now() - (await stat(folder)).mtimeMs).toBeLessThan(HOUR_MS));
    await build('other');
    expect(await builds()).toContain(folder);
  } finally {
    vi.useRealTimers();
  }
});
