import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { FAMILIES } from './families.ts';

const ids = FAMILIES.flatMap(({ rows }) => rows.map(({ id }) => id));

test('each row has its own id', () => {
  expect(new Set(ids).size).toBe(ids.length);
});

test('docs/reliability.md has a line for each row', async () => {
  const page = await readFile(join(import.meta.dirname, '../../docs/reliability.md'), 'utf8');
  const documented = [...page.matchAll(/^\| ([A-Z]\w*) +\|/gm)].map(([, id = '']) => id);
  expect(ids.filter((id) => !documented.includes(id))).toEqual([]);
});
