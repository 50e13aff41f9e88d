import { trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { detectResources, resourceAttributesEnvDetector, resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import packageJson from '../../package.json' with { type: 'json' };

/** The interval at which spans are exported, and the time limit of an export. Milliseconds. */
const SEND_MS = 2_000;

/**
 * Exports this process's spans to a collector.
 * @param url where traces are sent, as OTLP over HTTP.
 * @returns a function that exports the remaining spans and ends the export.
 */
export function exportTraces(service: string, url: string): () => Promise<void> {
  const exporter = new OTLPTraceExporter({ url, timeoutMillis: SEND_MS });
  const provider = new TracerProvider({
    // OTEL_RESOURCE_ATTRIBUTES may add attributes, but not override these.
    resource: detectResources({ detectors: [resourceAttributesEnvDetector] }).merge(
      resourceFromAttributes({
        'service.namespace': 'cinematica',
        'service.name': `cinematica-${service}`,
        'service.version': packageJson.version,
      }),
    ),
    spanProcessors: [new BatchSpanProcessor({ exporter, scheduledDelayMillis: SEND_MS, exportTimeoutMillis: SEND_MS })],
  });
  trace.setGlobalTracerProvider(provider);
  // A failed export must not prevent the process from ending.
  return () => provider.shutdown().catch(() => undefined);
}
