import { defineConfig } from 'vitest/config';
import { findBrowser } from './scripts/setup/browsers.mjs';
import { INTEGRATION_TESTS, SYSTEM_TESTS } from './scripts/test-tiers.ts';

const common = { pool: 'forks', testTimeout: 60_000, hookTimeout: 60_000 } as const;

/** The tiers of tests: `npm run test:unit` (unit and web), `test:integration` and `test:browser` (e2e). */
export default defineConfig({
  test: {
    // A test may start ONNX Runtime in a child process. More workers would only take more memory.
    maxWorkers: 2,
    projects: [
      { test: { ...common, name: 'unit', include: SYSTEM_TESTS, exclude: [...INTEGRATION_TESTS, 'test/e2e/**'] } },
      'web/vitest.config.ts',
      { test: { ...common, name: 'integration', include: INTEGRATION_TESTS } },
      ...(findBrowser() === null ? [] : ['test/e2e/vitest.config.ts']),
    ],
  },
});
