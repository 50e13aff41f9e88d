import { z } from 'zod';
import { LOG_FORMATS, LOG_LEVELS } from './log.ts';

const url = z.url({ protocol: /^https?$/ });

/** The environment variables for logs and traces. */
export const telemetrySettingsSchema = z.object({
  LOG_LEVEL: z.enum(LOG_LEVELS).default('info'),
  /** `json` or `text`. @default text on a terminal, json otherwise */
  LOG_FORMAT: z.enum(LOG_FORMATS).optional(),
  /**
   * The OTLP/HTTP endpoint that spans are exported to, for example `http://collector:4318`. Spans are not exported when it
   * is not set. The standard OpenTelemetry variables for headers, compression, certificates, timeouts and resource
   * attributes apply as well.
   */
  OTEL_EXPORTER_OTLP_ENDPOINT: url.optional(),
  /** The endpoint for spans only, with its full path. It takes precedence. */
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: url.optional(),
});

export type TelemetrySettings = z.output<typeof telemetrySettingsSchema>;
