import { connect } from 'node:http2';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { webApp } from '../../../../scripts/setup/web-app.mjs';
import { createHttpServer } from './http-server.ts';
import type { HttpServer } from './http-server.ts';
import { loadWebApp } from './web-app.ts';

const root = join(import.meta.dirname, '..', '..', '..', '..');
let port: HttpServer;
let url: string;
const failures: unknown[] = [];

beforeAll(async () => {
  const { WEB_HANDLER = '' } = await webApp(root);
  const app = await loadWebApp(WEB_HANDLER, false, (error) => failures.push(error));
  port = createHttpServer(app.serve, { max: 10, maxPerAddress: null });
  url = `http://127.0.0.1:${await port.listen(0, '127.0.0.1')}`;
});

afterAll(async () => {
  await port.close(0);
  expect(failures).toEqual([]);
});

test('serves pages and static files over HTTP/1.1', async () => {
  const page = await fetch(url);
  expect([page.status, page.headers.get('x-content-type-options')]).toEqual([200, 'nosniff']);
  const [file = ''] = /\/_app\/immutable\/entry\/start[^"]+\.js/.exec(await page.text()) ?? [];
  const script = await fetch(url + file);
  expect([script.status, script.headers.get('content-type')]).toEqual([200, 'text/javascript']);
  expect(script.headers.get('x-content-type-options')).toBe('nosniff');
  expect((await fetch(`${url}/no-such-page`)).status).toBe(404);
});

test('serves pages over HTTP/2', async () => {
  const session = connect(url);
  const stream = session.request({ ':path': '/', 'accept-language': 'en' });
  const status = new Promise((resolve) => stream.once('response', (headers) => resolve(headers[':status'])));
  expect(await text(stream)).toContain('<html lang="en">');
  expect(await status).toBe(200);
  session.close();
});

test('returns 405 for a POST to a page', async () => {
  const answer = await fetch(url, { method: 'POST', body: 'x=1' });
  expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
});
