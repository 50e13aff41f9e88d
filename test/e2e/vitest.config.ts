import { defineConfig } from 'vitest/config';

/** Tests in real browsers. They share one running system, so they run one after another, and after all other tests. */
export default defineConfig({
  test: {
    name: 'e2e',
    root: import.meta.dirname,
    include: ['*.test.ts'],
    globalSetup: 'support/start-system.ts',
    sequence: { groupOrder: 1 },
    pool: 'forks',
    isolate: false,
    maxWorkers: 1,
    fileParallelism: false,
    // As in the root's configuration.
    retry: process.env.CI === undefined ? 0 : 1,
    testTimeout: 180_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 120_000, interval: 50 } },
  },
});
