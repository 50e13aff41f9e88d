import { context, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { traceContext } from './trace-context.ts';

/**
 * Sends this process's spans to a collector. Without an address nothing is recorded, but a caller's trace still goes
 * along with the messages.
 * @param endpoint of OTLP over HTTP, for example `http://collector:4318/v1/traces`.
 * @returns what sends the rest and ends it.
 */
export function startTracing(endpoint: string | undefined): () => Promise<void> {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(traceContext);
  if (endpoint === undefined) return () => Promise.resolve();
  const provider = new TracerProvider({
    spanProcessors: [new BatchSpanProcessor({ exporter: new OTLPTraceExporter({ url: endpoint }) })],
  });
  trace.setGlobalTracerProvider(provider);
  return () => provider.shutdown();
}
