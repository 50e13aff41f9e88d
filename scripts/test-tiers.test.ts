import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { INTEGRATION_TESTS, SYSTEM_TESTS } from './test-tiers.ts';

const root = join(import.meta.dirname, '..');

/** What a test imports or runs when it needs more than Node and the packages. */
const STARTS_PROGRAMS =
  /support\/(nats-server|real-system|stage-system)\.ts'|'ffmpeg'|gateway-process\.ts'|serve-app\.ts'|\/build\.ts'|\/pip\.ts'/;

test('every test that starts nats-server, ffmpeg, pip, gcc or services is an integration test', () => {
  const cwd = root;
  const exclude = ['**/node_modules/**', 'test/e2e/**'];
  const integration = new Set(globSync(INTEGRATION_TESTS, { cwd, exclude }));
  const unit = globSync(SYSTEM_TESTS, { cwd, exclude }).filter((file) => !integration.has(file));
  expect(unit.length).toBeGreaterThan(50);
  const misplaced = unit.filter((file) => STARTS_PROGRAMS.test(readFileSync(join(root, file), 'utf8')));
  expect(misplaced).toEqual(['scripts/test-tiers.test.ts']);
});

test.each(INTEGRATION_TESTS)('%s matches a test', (pattern) => {
  expect(globSync(pattern, { cwd: root })).not.toEqual([]);
});
