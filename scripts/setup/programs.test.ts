import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { bundleName, programPath, PROGRAMS } from './programs.mjs';

const root = join(import.meta.dirname, '../..');

test.each(PROGRAMS)('%s is a source, and has a bundle of its own', (source) => {
  expect(existsSync(join(root, source))).toBe(true);
  expect(PROGRAMS.filter((other) => bundleName(other) === bundleName(source))).toEqual([source]);
});

test('a program runs from its bundle, and from its source where there are no bundles', () => {
  const source = 'services/gateway/src/main.ts';
  expect(programPath(root, source, { PROGRAMS: '/bundles' })).toBe('/bundles/services-gateway-src-main.js');
  expect(programPath(root, source, {})).toBe(join(root, source));
});

test('a program without a bundle runs from its source', () => {
  expect(programPath(root, 'scripts/doctor.ts', { PROGRAMS: '/bundles' })).toBe(join(root, 'scripts/doctor.ts'));
});
