import { context, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { detectResources, resourceAttributesEnvDetector, resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import packageJson from '../../package.json' with { type: 'json' };
import type { TelemetrySettings } from './telemetry-settings.ts';
import { traceContext } from './trace-context.ts';

/** The interval at which spans are exported, and the time limit of an export. Milliseconds. */
const SEND_MS = 2_000;

type Endpoints = Partial<Pick<TelemetrySettings, `OTEL_EXPORTER_OTLP_${'' | 'TRACES_'}ENDPOINT`>>;

/**
 * Exports this process's spans to a collector. Without an endpoint no span is recorded, but the traces of callers are still
 * propagated.
 * @returns a function that exports the remaining spans and ends tracing.
 */
export function startTracing(service: string, settings: Endpoints): () => Promise<void> {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(traceContext);
  const url = tracesUrl(settings);
  if (url === null) return () => Promise.resolve();
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

/** By the OpenTelemetry specification, the endpoint for all signals is extended by the path of this one. */
function tracesUrl(settings: Endpoints): string | null {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: all, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: own } = settings;
  return own ?? (all === undefined ? null : `${all.replace(/\/+$/, '')}/v1/traces`);
}
