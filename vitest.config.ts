import { defineConfig } from 'vitest/config';
import { findBrowser } from './scripts/setup/browsers.mjs';

export default defineConfig({
  test: {
    // A test may start ONNX Runtime in a process of its own: more of them at once would only take memory.
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: 'system',
          include: [
            'packages/*/src/**/*.test.ts',
            'services/*/src/**/*.test.ts',
            'scripts/**/*.test.ts',
            'bench/**/*.test.ts',
            'test/**/*.test.ts',
          ],
          exclude: ['test/e2e/**'],
          pool: 'forks',
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      'web/vitest.config.ts',
      ...(findBrowser() === null ? [] : ['test/e2e/vitest.config.ts']),
    ],
  },
});
