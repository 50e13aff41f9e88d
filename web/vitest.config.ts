import { paraglideVitePlugin } from '@inlang/paraglide-js';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';
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
    // As in the root's configuration.
    retry: process.env.CI === undefined ? 0 : 1,
    testTimeout: 180_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 15_000 } },
  },
});
