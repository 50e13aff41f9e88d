import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';

/** Where a service can be looked at by machines. */
export interface MetricsServer extends AsyncDisposable {
  readonly port: number;
}

export interface MetricsServerOptions {
  readonly host: string;
  /** 0 for a free one. */
  readonly port: number;
  readonly registry: Registry;
  /** Whether it can do its work now. */
  readonly ready: () => boolean;
  /** What else there is to know of it, for people who look at its health. */
  readonly about?: Readonly<Record<string, string | null>>;
}

/** `/metrics` in Prometheus' format; `/livez`, which answers as long as the event loop turns; `/readyz`. */
export async function serveMetrics({
  host,
  port,
  registry,
  ready,
  about = {},
}: MetricsServerOptions): Promise<MetricsServer> {
  const server = createServer((request, response) => {
    const answer = (status: number, type: string, body: string) =>
      response.writeHead(status, { 'content-type': type }).end(body);
    switch (request.url) {
      case '/metrics':
        registry.metrics().then(
          (text) => answer(200, registry.contentType, text),
          () => answer(500, 'text/plain', 'the metrics could not be collected\n'),
        );
        break;
      case '/livez':
        answer(200, 'text/plain', 'ok\n');
        break;
      case '/readyz':
        answer(ready() ? 200 : 503, 'application/json', `${JSON.stringify({ ready: ready(), ...about })}\n`);
        break;
      case undefined:
      default:
        answer(404, 'text/plain', 'not found\n');
    }
  });
  server.headersTimeout = 5_000;
  server.requestTimeout = 5_000;
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (cause) {
    throw new Error(`METRICS_PORT=${port}: can't listen on ${host}: ${(cause as Error).message}`, { cause });
  }
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
