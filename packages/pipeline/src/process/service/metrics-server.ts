import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';

/** An HTTP server for Prometheus and for health checks. */
export interface MetricsServer extends AsyncDisposable {
  readonly port: number;
}

export interface MetricsServerOptions {
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  /** The metrics that `/metrics` returns. */
  readonly registry: Registry;
  /** Whether the service can do its work now. Decides between 200 and 503 for `/readyz`. */
  readonly ready: () => boolean;
  /**
   * Further fields for the answer of `/readyz`.
   * @default none
   */
  readonly details?: () => Readonly<Record<string, string | null>>;
}

/**
 * Serves `/metrics` in Prometheus' format, `/livez`, which succeeds as long as the event loop runs, and `/readyz`.
 * @throws Error with a one-line message when the port cannot be opened.
 */
export async function serveMetrics({
  host,
  port,
  registry,
  ready,
  details = () => ({}),
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
        answer(ready() ? 200 : 503, 'application/json', `${JSON.stringify({ ready: ready(), ...details() })}\n`);
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
    throw new Error(`METRICS_PORT=${port}: cannot listen on ${host}: ${(cause as Error).message}`, { cause });
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
