import { context, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { detectResources, resourceAttributesEnvDetector, resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import packageJson from '../../package.json' with { type: 'json' };
import type { TelemetrySettings } from './telemetry-settings.ts';
import { traceContext } from './trace-context.ts';

/** Spans are sent this often, and a collector that is away holds nobody up for longer than this. Milliseconds. */
const SEND_MS = 2_000;

type Endpoints = Partial<Pick<TelemetrySettings, `OTEL_EXPORTER_OTLP_${'' | 'TRACES_'}ENDPOINT`>>;

/**
 * Sends this process's spans to a collector. Without an address nothing is recorded, but a caller's trace still goes
 * along with the messages.
 * @returns what sends the rest and ends it.
 */
export function startTracing(service: string, settings: Endpoints): () => Promise<void> {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(traceContext);
  const url = tracesUrl(settings);
  if (url === null) return () => Promise.resolve();
  const exporter = new OTLPTraceExporter({ url, timeoutMillis: SEND_MS });
  const provider = new TracerProvider({
    // OTEL_RESOURCE_ATTRIBUTES may add to what it is, not say otherwise.
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
  // What can't be sent any more is no reason not to end.
  return () => provider.shutdown().catch(() => undefined);
}

/** As OpenTelemetry's own rules have it: an address for all signals gets the path of this one. */
function tracesUrl(settings: Endpoints): string | null {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: all, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: own } = settings;
  return own ?? (all === undefined ? null : `${all.replace(/\/+$/, '')}/v1/traces`);
}
