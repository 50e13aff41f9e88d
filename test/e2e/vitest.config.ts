import { defineConfig } from 'vitest/config';

/**
 * Tests in real browsers, after all other tests. Each of the two processes has a running system, which its tests share one after
 * another.
 */
export default defineConfig({
  test: {
    name: 'e2e',
    root: import.meta.dirname,
    include: ['*.test.ts'],
    globalSetup: 'support/prepare.ts',
    sequence: { groupOrder: 1 },
    pool: 'forks',
    isolate: false,
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 30_000, interval: 50 } },
  },
});
