import { z } from 'zod';
import { LOG_FORMATS, LOG_LEVELS } from './log.ts';

const url = z.url({ protocol: /^https?$/ });

/** How a service tells of itself, as environment variables. */
export const telemetrySettingsSchema = z.object({
  LOG_LEVEL: z.enum(LOG_LEVELS).default('info'),
  /** `json` for machines, `text` for people; left out, it is text on a terminal. */
  LOG_FORMAT: z.enum(LOG_FORMATS).optional(),
  /**
   * Where spans are sent, by OTLP over HTTP, for example `http://collector:4318`; nowhere unless it is given. Of
   * OpenTelemetry's other variables, those for headers, compression, certificates, time limits and resource attributes
   * are read as well.
   */
  OTEL_EXPORTER_OTLP_ENDPOINT: url.optional(),
  /** The same for spans alone, with its whole path; it comes first. */
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: url.optional(),
});

export type TelemetrySettings = z.output<typeof telemetrySettingsSchema>;
