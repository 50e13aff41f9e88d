import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { buildOnce, stampOf } from './build-once.mjs';
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

test('a build is kept if it was used within the last week', async () => {
  const build = async (text: string): Promise<string> => {
    await put('source', text);
    return buildOnce(root, 'builds', 'Building', ['source'], async (folder) => {
      await mkdir(folder, { recursive: true });
    });
  };
  const folders = [await build('first'), await build('second'), await build('third')];
  const longAgo = new Date(Date.now() - 8 * 24 * 3_600_000);
  for (const folder of folders) await utimes(folder, longAgo, longAgo);
  await build('second');
  const newest = await build('fourth');

  const left = (await readdir(join(root, '.cache', 'builds'))).map((name) => join(root, '.cache', 'builds', name));
  expect(left.sort()).toEqual([folders[1], newest].sort());
});
