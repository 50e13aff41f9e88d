import { expect, test } from 'vitest';
import { serveApp } from './serve-app.ts';

/** Limit of the compressed JavaScript that the first screen needs. Bytes. */
const BUDGET_BYTES = 120_000;

test('the first load stays within its budget', async () => {
  await using app = await serveApp();
  const page = await (await fetch(app.url)).text();
  const sizes = new Map<string, number>();

  const load = async (url: string): Promise<void> => {
    if (sizes.has(url)) return;
    sizes.set(url, 0);
    // The header has the compressed size, which fetch does not report otherwise.
    const { headers } = await fetch(url, { method: 'HEAD', headers: { 'accept-encoding': 'br, gzip' } });
    sizes.set(url, Number(headers.get('content-length')));
    const source = await (await fetch(url)).text();
    // Static imports and re-exports, but not `import()`, which loads later.
    for (const [, file = ''] of source.matchAll(/(?:from|import)\s?"(\.[^"]+\.js)"/g))
      await load(new URL(file, url).href);
  };
  // The page's preload links and its own script.
  for (const [file] of page.matchAll(/\/_app\/immutable\/[\w./-]+\.js/g)) await load(app.url + file);

  const total = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  console.log(`first load: ${sizes.size} files, ${total} bytes of JavaScript, compressed`);
  expect(sizes.size).toBeGreaterThan(3);
  expect(Math.min(...sizes.values())).toBeGreaterThan(0);
  expect(total).toBeLessThanOrEqual(BUDGET_BYTES);
});
