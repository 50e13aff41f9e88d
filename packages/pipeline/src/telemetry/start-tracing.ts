import { context, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import packageJson from '../../package.json' with { type: 'json' };
import { traceContext } from './trace-context.ts';

/** Spans are sent this often, and a collector that is away holds nobody up for longer than this. Milliseconds. */
const SEND_MS = 2_000;

/**
 * Sends this process's spans to a collector. Without an address nothing is recorded, but a caller's trace still goes
 * along with the messages.
 * @param endpoint of OTLP over HTTP, for example `http://collector:4318`.
 * @returns what sends the rest and ends it.
 */
export function startTracing(service: string, endpoint: string | undefined): () => Promise<void> {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(traceContext);
  if (endpoint === undefined) return () => Promise.resolve();
  const exporter = new OTLPTraceExporter({ url: `${endpoint.replace(/\/+$/, '')}/v1/traces`, timeoutMillis: SEND_MS });
  const provider = new TracerProvider({
    resource: resourceFromAttributes({
      'service.namespace': 'cinematica',
      'service.name': `cinematica-${service}`,
      'service.version': packageJson.version,
    }),
    spanProcessors: [new BatchSpanProcessor({ exporter, scheduledDelayMillis: SEND_MS, exportTimeoutMillis: SEND_MS })],
  });
  trace.setGlobalTracerProvider(provider);
  // What can't be sent any more is no reason not to end.
  return () => provider.shutdown().catch(() => undefined);
}
