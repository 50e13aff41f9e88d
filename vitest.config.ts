import { defineConfig } from 'vitest/config';
import { findBrowser } from './scripts/setup/browsers.mjs';
import { INTEGRATION_TESTS, SYSTEM_TESTS } from './scripts/test-tiers.ts';

/** They only end tests that hang: a slow machine, which other programs use as well, has enough time. */
const limits = { testTimeout: 180_000, hookTimeout: 180_000, expect: { poll: { timeout: 15_000 } } };
/** CI's machine may be slow or busy, and some tests are about time: there, a test runs again before it fails. The report says so. */
const retry = process.env.CI === undefined ? 0 : 1;
const common = { pool: 'forks', retry, ...limits } as const;

/** The tiers of tests: `npm run test:unit` (unit and web), `test:integration` and `test:browser` (e2e). */
export default defineConfig({
  test: {
    // One more than CI has cores, because tests wait for other processes. More would only take more memory: a test may start
    // ONNX Runtime in a child process.
    maxWorkers: 3,
    projects: [
      {
        test: {
          ...common,
          name: 'unit',
          isolate: false,
          include: SYSTEM_TESTS,
          exclude: [...INTEGRATION_TESTS, 'test/e2e/**'],
        },
      },
      'web/vitest.config.ts',
      { test: { ...common, name: 'integration', include: INTEGRATION_TESTS } },
      ...(findBrowser() === null ? [] : ['test/e2e/vitest.config.ts']),
    ],
  },
});
