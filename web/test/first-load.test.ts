import { expect, test } from 'vitest';
import { serveApp } from './serve-app.ts';

/** Limit of the compressed JavaScript that the first screen needs, which does not call the API. Bytes. */
const BUDGET_BYTES = 90_000;

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
  // The scripts wait for the first picture.
  expect(page).toMatch(/fetchpriority="high"[^]+new Promise\([^]+\.then\(\(\) => import\("/);
  // The page's own script.
  const entries = [...page.matchAll(/\/_app\/immutable\/[\w./-]+\.js/g)].map(([file]) => app.url + file);
  for (const entry of entries) await load(entry);
  // The layout and the page, which the app's entry imports by their numbers.
  const [, ids = ''] = /node_ids: \[([\d, ]+)\]/.exec(page) ?? [];
  const source = await (await fetch(entries.find((entry) => entry.includes('/entry/app.'))!)).text();
  for (const id of ids.split(', ')) {
    const [, file = ''] = new RegExp(`import\\(.(\\.\\./nodes/${id}\\.[\\w-]+\\.js)`).exec(source) ?? [];
    await load(new URL(file, entries[0]).href);
  }

  const total = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  console.log(`first load: ${sizes.size} files, ${total} bytes of JavaScript, compressed`);
  expect(sizes.size).toBeGreaterThan(3);
  expect(Math.min(...sizes.values())).toBeGreaterThan(0);
  expect(total).toBeLessThanOrEqual(BUDGET_BYTES);
});
