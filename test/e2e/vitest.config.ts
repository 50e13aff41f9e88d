import { defineConfig } from 'vitest/config';
import { TEST_LIMITS } from '../../scripts/test-limits.ts';

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
    ...TEST_LIMITS,
    expect: { poll: { timeout: 120_000, interval: 50 } },
  },
});
