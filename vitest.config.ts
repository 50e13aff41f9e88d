import { defineConfig } from 'vitest/config';
import { findBrowser } from './scripts/setup/browsers.mjs';
import { POLL_TIMEOUT, TEST_LIMITS } from './scripts/test-limits.ts';
import { INTEGRATION_TESTS, SYSTEM_TESTS } from './scripts/test-tiers.ts';

const common = { pool: 'forks', ...TEST_LIMITS, expect: { poll: { timeout: POLL_TIMEOUT } } } as const;

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
