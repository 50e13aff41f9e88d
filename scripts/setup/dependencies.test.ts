import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { dependencyStamp } from './dependencies.mjs';

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'stamp-'));
});

afterEach(async () => {
  await rm(root, { recursive: true });
});

async function put(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), text);
}

test.each(['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'package.json', 'web/package.json', 'packages/svd/package.json'])(
  'the stamp changes when %s appears or changes',
  async (path) => {
    const without = await dependencyStamp(root);
    await put(path, 'a');
    const before = await dependencyStamp(root);
    await put(path, 'b');
    expect(new Set([without, before, await dependencyStamp(root)]).size).toBe(3);
  },
);

test('the stamp stays when anything else changes', async () => {
  await put('packages/svd/package.json', '{}');
  const before = await dependencyStamp(root);
  await put('README.md', 'new');
  await put('packages/svd/src/new.ts', 'new');
  await put('node_modules/zod/package.json', 'new');
  await put('packages/svd/node_modules/package.json', 'new');
  await put('.cache/tools/package.json', 'new');
  expect(await dependencyStamp(root)).toBe(before);
});

test('the stamp distinguishes the same text in two packages', async () => {
  await put('a/package.json', '{}');
  const before = await dependencyStamp(root);
  await rm(join(root, 'a'), { recursive: true });
  await put('b/package.json', '{}');
  expect(await dependencyStamp(root)).not.toBe(before);
});
