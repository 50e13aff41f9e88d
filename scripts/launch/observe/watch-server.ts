import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { json } from 'node:stream/consumers';
import { createGunzip } from 'node:zlib';
import type { Panel } from './dashboard.ts';
import type { Markup } from './markup.ts';
import { readSpans } from './otlp.ts';
import { layout } from './pages/layout.ts';
import type { Link } from './pages/layout.ts';
import { metricsPage, SPANS_OF_TIME } from './pages/metrics-page.ts';
import { tracePage } from './pages/trace-page.ts';
import { tracesPage } from './pages/traces-page.ts';
import type { PrometheusClient } from './prometheus-client.ts';
import type { SpanStore } from './span-store.ts';

/** What there is to be shown. */
export interface Watched {
  readonly prometheus: PrometheusClient;
  readonly panels: readonly Panel[];
  readonly spans: SpanStore;
  /** A collector that the spans are sent to instead. */
  readonly collector: string | undefined;
  /** Elsewhere. */
  readonly links: () => readonly Link[];
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

const HOST = '127.0.0.1';
/** How often the metrics are shown anew. Seconds. */
const REFRESH = 5;
/** Nothing from elsewhere, and no script at all: what is shown came from calls of whoever. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; base-uri 'none'";

/**
 * Shows metrics and traces to the people of this machine, and takes the services' spans, by OTLP over HTTP, at
 * `/v1/traces`. A page that somebody's browser has open elsewhere can neither read from it nor send to it.
 *
 * @throws where the port can't be listened on
 */
export async function startWatchServer(port: number, watched: Watched): Promise<AsyncDisposable> {
  const hosts = [`${HOST}:${port}`, `localhost:${port}`];
  const server = createServer((request, response) => {
    const { host = '' } = request.headers;
    const answering = hosts.includes(host)
      ? answer(request, watched).catch((error: unknown) =>
          problem(500, error instanceof Error ? error.message : 'failed'),
        )
      : Promise.resolve(problem(421, 'This is not the name of this machine.'));
    void answering.then(({ status, type, body }) => {
      response.writeHead(status, {
        'content-type': type,
        'content-security-policy': POLICY,
        'cache-control': 'no-store',
      });
      response.end(body);
    });
  });
  server.requestTimeout = 10_000;
  server.listen(port, HOST);
  await once(server, 'listening');
  return {
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function answer(
  request: IncomingMessage,
  { prometheus, panels, spans, collector, links }: Watched,
): Promise<Answer> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
  if (request.method === 'POST' && pathname === '/v1/traces') return take(request, spans);
  if (request.method !== 'GET' && request.method !== 'HEAD') return problem(405, 'Nothing is changed here.');
  const page = (title: string, refresh: number, content: Markup): Answer => ({
    ...{ status: 200, type: 'text/html; charset=utf-8', body: layout({ title, refresh, links: links() }, content) },
  });
  if (pathname === '/') {
    const minutes = SPANS_OF_TIME.find((span) => String(span) === searchParams.get('minutes')) ?? 15;
    return page('Metrics', REFRESH, await metricsPage(prometheus, panels, minutes));
  }
  if (pathname === '/traces') return page('Traces', REFRESH, tracesPage(spans, searchParams.has('all'), collector));
  const trace = spans.trace(/^\/traces\/([0-9a-f]{32})$/.exec(pathname)?.[1] ?? '');
  return trace ? page('Trace', 0, tracePage(trace)) : problem(404, 'There is no such page.');
}

async function take(request: IncomingMessage, spans: SpanStore): Promise<Answer> {
  // A browser asks before it sends this type to another site, and is not answered.
  if (request.headers['content-type'] !== 'application/json') return problem(415, 'Spans are taken as JSON.');
  const zipped = request.headers['content-encoding'] === 'gzip';
  try {
    spans.add(readSpans(await json(zipped ? request.pipe(createGunzip()) : request)));
  } catch {
    return problem(400, 'This is no request of OTLP.');
  }
  return { status: 200, type: 'application/json', body: '{}' };
}

const problem = (status: number, text: string): Answer => ({
  status,
  type: 'text/plain; charset=utf-8',
  body: `${text}\n`,
});
