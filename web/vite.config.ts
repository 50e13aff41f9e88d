import { paraglideVitePlugin } from '@inlang/paraglide-js';
import adapter from '@sveltejs/adapter-node';
import { sveltekit } from '@sveltejs/kit/vite';
import { join } from 'node:path';
import { defineConfig } from 'vite';
import { messages } from './messages.config.ts';

/**
 * The chunks of the app, which are few, because each is a request: what every page needs, and what only the pages need that
 * call the API.
 */
const CHUNKS = {
  groups: [
    { name: 'api', test: /@bufbuild|@connectrpc|packages[\\/]protocol/, priority: 2 },
    // Without `push.ts`, which calls the API.
    {
      name: 'app',
      test: /node_modules[\\/]svelte[\\/]|lib[\\/](?:i18n|ui|pwa(?![\\/]push\.ts)|storage)[\\/]/,
      priority: 1,
    },
  ],
};

export default defineConfig({
  // Pictures are files, so that the page's HTML stays small.
  build: { assetsInlineLimit: 0 },
  environments: { client: { build: { rolldownOptions: { output: { codeSplitting: CHUNKS } } } } },
  resolve: {
    alias: {
      '@bufbuild/protovalidate/gen/buf/validate/validate_pb.js': join(
        import.meta.dirname,
        '../packages/protocol/src/empty-protovalidate.ts',
      ),
    },
  },
  plugins: [
    paraglideVitePlugin(messages),
    sveltekit({
      adapter: adapter({ out: process.env.WEB_OUT ?? 'build' }),
      // A digest of the sources, which the set-up passes, so that equal sources have equal versions.
      version: { name: process.env.WEB_VERSION ?? 'dev' },
      // The offline page is shown at any address, so that its own links must be absolute.
      paths: { relative: false },
      // Most styles are in the page itself: one round trip less until something is displayed.
      inlineStyleThreshold: 20_000,
      csp: {
        directives: {
          'default-src': ['none'],
          'script-src': ['self'],
          'style-src': ['self'],
          // Server-rendered pages have style attributes for positions and sizes.
          'style-src-attr': ['unsafe-inline'],
          'img-src': ['self', 'blob:', 'data:'],
          'media-src': ['self', 'blob:'],
          'connect-src': ['self'],
          'manifest-src': ['self'],
          'worker-src': ['self'],
          'base-uri': ['none'],
          'form-action': ['self'],
          'frame-ancestors': ['none'],
        },
      },
    }),
  ],
});
