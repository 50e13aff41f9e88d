import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

/** A span as OTLP's JSON has it, and the service that it came from. */
export interface ReceivedSpan {
  readonly service: string;
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  /** Empty for none. */
  readonly parentSpanId: string;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly attributes: Readonly<Record<string, string>>;
  /** How long it took, milliseconds. */
  readonly duration: number;
}

/** What collectors are to services: takes traces by OTLP over HTTP. */
export interface OtlpReceiver extends AsyncDisposable {
  readonly endpoint: string;
  readonly spans: readonly ReceivedSpan[];
}

interface Attribute {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}

interface TracesRequest {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] };
    readonly scopeSpans: readonly {
      readonly spans: readonly (Partial<Pick<ReceivedSpan, 'parentSpanId' | 'links'>> &
        Pick<ReceivedSpan, 'name' | 'traceId' | 'spanId'> & {
          readonly attributes?: readonly Attribute[];
          readonly startTimeUnixNano: string;
          readonly endTimeUnixNano: string;
        })[];
    }[];
  }[];
}

const read = (attributes: readonly Attribute[] = []): Record<string, string> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, String(Object.values(value)[0])]));

export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const spans: ReceivedSpan[] = [];
  const server = createServer((request, response) => {
    json(request).then(
      (body) => {
        if (request.url === '/v1/traces') take(body as TracesRequest);
        response.writeHead(request.url === '/v1/traces' ? 200 : 404, { 'content-type': 'application/json' }).end('{}');
      },
      () => response.writeHead(400).end(),
    );
  });
  function take({ resourceSpans }: TracesRequest): void {
    for (const { resource, scopeSpans } of resourceSpans) {
      const service = read(resource.attributes)['service.name'] ?? '';
      for (const { parentSpanId = '', links = [], attributes, ...span } of scopeSpans.flatMap((scope) => scope.spans)) {
        const { name, traceId, spanId, startTimeUnixNano, endTimeUnixNano } = span;
        const duration = Number(BigInt(endTimeUnixNano) - BigInt(startTimeUnixNano)) / 1e6;
        spans.push({
          ...{ service, name, traceId, spanId, parentSpanId, links, duration },
          attributes: read(attributes),
        });
      }
    }
  }
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
