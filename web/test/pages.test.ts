import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { serveApp } from './serve-app.ts';
import type { ServedApp } from './serve-app.ts';

let app: ServedApp;

beforeAll(async () => {
  app = await serveApp();
}, 120_000);

afterAll(() => app[Symbol.asyncDispose]());

const get = (path: string, headers: Record<string, string> = {}) =>
  fetch(app.url + path, { headers: { 'x-forwarded-proto': 'http', ...headers } });

test.each([
  ['es', {}],
  ['es', { 'accept-language': 'de-AT,fr;q=0.5' }],
  ['pt-BR', { 'accept-language': 'pt-BR,pt;q=0.9,en;q=0.5' }],
  ['pt-BR', { 'accept-language': 'pt-PT' }],
  ['en', { 'accept-language': 'pt', cookie: 'a=b; language=en' }],
  ['es', { cookie: 'language=xx' }],
])('a page is rendered in %s for %o', async (language, headers: Record<string, string>) => {
  const response = await get('/', headers);
  expect(await response.text()).toContain(`<html lang="${language}">`);
  expect(response.headers.get('vary')).toBe('accept-language, cookie, accept-encoding');
});

describe('the content security policy', () => {
  test('has a new nonce for each answer, which all scripts have', async () => {
    const answers = await Promise.all([get('/'), get('/')]);
    const nonces = answers.map(
      ({ headers }) => /'nonce-([^']+)'/.exec(headers.get('content-security-policy') ?? '')?.[1],
    );
    expect(new Set(nonces).size).toBe(2);
    const html = await answers[0].text();
    const scripts = [...html.matchAll(/<script([^>]*)>/g)].map(([, attributes]) => attributes);
    expect(scripts).toEqual([` nonce="${nonces[0]}"`]);
  });

  test('allows no other origins, and no frames on other sites', async () => {
    const { headers } = await get('/');
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toMatch(/default-src 'none'/);
    expect(policy).toMatch(/frame-ancestors 'none'/);
    expect(policy).not.toMatch(/https?:|\*|unsafe-eval|script-src[^;]*unsafe/);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('referrer-policy')).toBe('same-origin');
  });
});

test('immutable files are compressed and cached for a year, pages are not cached', async () => {
  const page = await get('/');
  expect(page.headers.get('cache-control')).toBe('private, no-cache');
  const [file = ''] = /\/_app\/immutable\/entry\/start[^"]+\.js/.exec(await page.text()) ?? [];
  const { headers } = await get(file, { 'accept-encoding': 'br' });
  expect(headers.get('cache-control')).toBe('public,max-age=31536000,immutable');
  expect(headers.get('content-encoding')).toBe('br');
  const { headers: worker } = await get('/service-worker.js');
  expect(worker.get('cache-control') ?? '').not.toContain('immutable');
});

test('pages are compressed as the browser accepts it', async () => {
  for (const encoding of ['br', 'gzip', 'identity']) {
    const response = await get('/', { 'accept-encoding': encoding });
    expect(response.headers.get('content-encoding')).toBe(encoding === 'identity' ? null : encoding);
    expect(await response.text()).toContain('</html>');
  }
  const compressed = Number((await get('/', { 'accept-encoding': 'br' })).headers.get('content-length'));
  expect(compressed).toBeLessThan(10_000);
});

test('the pictures and the video of the start page are small and cached for a year', async () => {
  const html = await (await get('/')).text();
  const pictures = [...new Set(html.match(/\/_app\/immutable\/assets\/[\w.-]+\.(?:avif|webp)/g))];
  // The page has only the first picture, in several formats and sizes. The small ones are loaded by the scripts.
  expect(pictures.length).toBeGreaterThan(3);
  const sizes = await Promise.all(
    pictures.map(async (path) => {
      const response = await get(path);
      expect(response.headers.get('cache-control')).toBe('public,max-age=31536000,immutable');
      return (await response.arrayBuffer()).byteLength;
    }),
  );
  expect(Math.max(...sizes)).toBeLessThan(60_000);
  // The file input works before any script, because it is inside of its label.
  expect(html).toMatch(/<label[^>]*>(?:(?!<\/label>).)*<input[^>]*type="file"/s);
});

test('links of earlier versions to the start page lead to the screen that prepares a video', async () => {
  const response = await fetch(`${app.url}/?from=1`, { redirect: 'manual' });
  expect([response.status, response.headers.get('location')]).toEqual([307, '/create?from=1']);
});

test('an unknown page returns 404 in the user’s language', async () => {
  const response = await get('/no-such-page', { 'accept-language': 'en' });
  expect(response.status).toBe(404);
  expect(await response.text()).toContain('Nothing here');
});

test('the offline page has only its own script and no relative addresses, so that it works at any address', async () => {
  const html = await (await get('/offline')).text();
  expect(html.match(/<script/g)).toHaveLength(1);
  expect(html).toContain('<script src="/offline.js"');
  expect((await get('/offline.js')).status).toBe(200);
  expect(html).not.toMatch(/(?:href|src)="\.\.?\//);
});

test('all icons and shortcuts of the manifest exist', async () => {
  const manifest = (await (await get('/manifest.webmanifest')).json()) as {
    readonly icons: readonly { readonly src: string; readonly type: string }[];
    readonly shortcuts: readonly { readonly url: string }[];
  };
  for (const { src, type } of manifest.icons) {
    const response = await get(src);
    expect([response.status, response.headers.get('content-type')]).toEqual([200, type]);
  }
  for (const { url } of manifest.shortcuts) expect((await get(url)).status).toBe(200);
});
