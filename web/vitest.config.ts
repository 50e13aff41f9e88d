import { paraglideVitePlugin } from '@inlang/paraglide-js';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';
import { POLL_TIMEOUT, TEST_LIMITS } from '../scripts/test-limits.ts';
import { messages } from './messages.config.ts';

export default defineConfig({
  root: import.meta.dirname,
  plugins: [paraglideVitePlugin(messages), svelte({ configFile: false })],
  // Svelte's client build, because the server build's runes are not reactive.
  resolve: { conditions: ['browser'] },
  test: {
    name: 'web',
    include: ['src/**/*.test.ts'],
    pool: 'forks',
    ...TEST_LIMITS,
    expect: { poll: { timeout: POLL_TIMEOUT } },
  },
});
