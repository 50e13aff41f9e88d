/** What the tests of every tier have in common, in Vitest's terms. */
export const TEST_LIMITS = {
  /** They only end tests that hang: a slow machine, which other programs use as well, has enough time. Milliseconds. */
  testTimeout: 180_000,
  hookTimeout: 180_000,
  /** CI's machine may be slow or busy, and some tests are about time: there, a test runs again before it fails. The report says so. */
  retry: process.env.CI === undefined ? 0 : 1,
};

/** How long `expect.poll` waits in tests that do not use a browser. Milliseconds. */
export const POLL_TIMEOUT = 30_000;
