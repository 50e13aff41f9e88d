import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePorts } from '../ports.ts';
import type { PrometheusClient } from './prometheus-client.ts';
import { createSpanStore } from './span-store.ts';
import { startWatchServer } from './watch-server.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const span = (name: string, spanId: string, parentSpanId: string, attributes: Record<string, string> = {}) => ({
  ...{ name, traceId: TRACE, spanId, parentSpanId },
  ...{ startTimeUnixNano: '1764187200000000000', endTimeUnixNano: '1764187201500000000', status: { code: 2 } },
  attributes: Object.entries(attributes).map(([key, value]) => ({ key, value: { stringValue: value } })),
});
const spans = {
  resourceSpans: [
    {
      resource: { attributes: [{ key: 'service.name', value: { stringValue: 'cinematica-muxer' } }] },
      scopeSpans: [
        {
          spans: [
            span('call', 'b7ad6b7169203331', ''),
            span('mux task', 'b7ad6b7169203332', 'b7ad6b7169203331', { 'cinematica.video': '<script>' }),
          ],
        },
      ],
    },
  ],
};

const prometheus: PrometheusClient = {
  range: (query) =>
    Promise.resolve(
      query === 'rate(jobs[30s])' ? [{ labels: { outcome: 'done' }, points: [[Date.now() / 1000, 2]] }] : [],
    ),
  now: () => Promise.resolve([{ labels: { container: 'muxer' }, points: [[0, 0]] }]),
  alerts: () => Promise.resolve([{ name: 'CinematicaQueueSlow', state: 'firing', summary: 'It is slow.' }]),
};
const panel = (title: string, expr: string) => ({
  ...{ title, description: '', unit: 'short', queries: [{ expr, legend: 'ended: {{outcome}}' }] },
});

let port: number;
let server: AsyncDisposable;
beforeAll(async () => {
  [port = 0] = await freePorts(1);
  server = await startWatchServer(port, {
    ...{ prometheus, spans: createSpanStore(), collector: undefined, links: () => [] },
    panels: [panel('Videos', 'rate(jobs[$__rate_interval])'), panel('GPUs', 'gpu')],
  });
});
afterAll(() => server[Symbol.asyncDispose]());

const get = async (path: string) => (await fetch(`http://127.0.0.1:${port}${path}`)).text();
const send = (body: string | Buffer<ArrayBuffer>, headers: Record<string, string>) =>
  fetch(`http://127.0.0.1:${port}/v1/traces`, { method: 'POST', body, headers });

test('the panels that have something to show, what does not answer, and what is wrong', async () => {
  const page = await get('/');
  expect(page).toContain('ended: done <b>2</b>');
  expect(page).toContain('Nothing to show: GPUs');
  expect(page).toContain('No answer from muxer.');
  expect(page).toContain('CinematicaQueueSlow:');
});

test('spans that services send are a waterfall, and what they carry is text', async () => {
  const type = { 'content-type': 'application/json' };
  expect((await send(JSON.stringify(spans), type)).status).toBe(200);
  expect(await get('/traces')).toContain(`<a href="/traces/${TRACE}">call</a>`);
  const page = await get(`/traces/${TRACE}`);
  expect(page).toMatch(/padding-left: ?1em" class="bad">mux task</);
  expect(page).toContain('&lt;script&gt;');
  expect(page).not.toContain('<script');
  const zipped = gzipSync(JSON.stringify(spans));
  expect((await send(zipped, { ...type, 'content-encoding': 'gzip' })).status).toBe(200);
  expect((await send('{"resourceSpans":[{}]}', type)).status).toBe(400);
  expect((await fetch(`http://127.0.0.1:${port}/traces/${'0'.repeat(32)}`)).status).toBe(404);
});

test('pages from elsewhere, open in a browser here, get nothing in and nothing out', async () => {
  expect((await send(JSON.stringify(spans), { 'content-type': 'text/plain' })).status).toBe(415);
  // A name that somebody has let point to this machine.
  const answer = await new Promise<string>((resolve, reject) => {
    request({ host: '127.0.0.1', port, headers: { host: 'evil.example' } }, (response) => {
      text(response).then((body) => resolve(`${response.statusCode ?? 0} ${body}`), reject);
    }).end();
  });
  expect(answer).toBe('421 This is not the name of this machine.\n');
});
