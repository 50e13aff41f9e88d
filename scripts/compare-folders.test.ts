import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { compareFolders } from './compare-folders.ts';

test('each difference is reported with its file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'compare-'));
  const put = (path: string, text: string) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  try {
    for (const side of ['is', 'should']) {
      put(`${side}/same.ts`, 'x');
      put(`${side}/deep/changed.ts`, side);
    }
    put('is/stale.ts', '');
    put('should/deep/er/new.ts', '');
    const [is, should] = [join(folder, 'is'), join(folder, 'should')];
    expect(compareFolders(is, should)).toEqual([
      'deep/changed.ts: differs',
      'deep/er/new.ts: missing',
      'stale.ts: surplus',
    ]);
    expect(compareFolders(should, should)).toEqual([]);
    expect(compareFolders(join(folder, 'none'), should)).toHaveLength(3);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
