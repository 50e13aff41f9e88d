import { z } from 'zod';

/** A span that a service sent. */
export interface Span {
  readonly service: string;
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  /** Empty for a root span. */
  readonly parentSpanId: string;
  /** Milliseconds since 1970. */
  readonly start: number;
  readonly end: number;
  readonly failed: boolean;
  /** Spans that are related to it and not its parents. */
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly attributes: Readonly<Record<string, string>>;
}

const attributesSchema = z
  .array(z.object({ key: z.string(), value: z.record(z.string(), z.unknown()) }))
  .default([])
  .transform((list) => Object.fromEntries(list.map(({ key, value }) => [key, readValue(value)])));

const nanoseconds = z
  .union([z.string().regex(/^\d{1,20}$/), z.number()])
  .transform((value) => Number(BigInt(value) / 1000n) / 1000);

const spanSchema = z.object({
  name: z.string(),
  traceId: z.string().regex(/^[0-9a-f]{32}$/),
  spanId: z.string().regex(/^[0-9a-f]{16}$/),
  parentSpanId: z.string().default(''),
  startTimeUnixNano: nanoseconds,
  endTimeUnixNano: nanoseconds,
  status: z.object({ code: z.number().default(0) }).default({ code: 0 }),
  links: z.array(z.object({ traceId: z.string(), spanId: z.string() })).default([]),
  attributes: attributesSchema,
});

const requestSchema = z.object({
  resourceSpans: z
    .array(
      z.object({
        resource: z.object({ attributes: attributesSchema }),
        scopeSpans: z.array(z.object({ spans: z.array(spanSchema).default([]) })).default([]),
      }),
    )
    .default([]),
});

/** `STATUS_CODE_ERROR` of OTLP. */
const ERROR = 2;

/**
 * Reads the spans of an `ExportTraceServiceRequest` of OTLP, encoded as JSON.
 *
 * @throws z.ZodError when it is not one
 */
export function readSpans(request: unknown): Span[] {
  return requestSchema.parse(request).resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map(({ startTimeUnixNano: start, endTimeUnixNano: end, status, ...span }) => ({
        ...span,
        service: resource.attributes['service.name'] ?? '',
        start,
        end,
        failed: status.code === ERROR,
      })),
    ),
  );
}

/** @param value an `AnyValue` of OTLP, for example `{ stringValue: 'x' }` */
function readValue(value: Record<string, unknown>): string {
  const [first] = Object.values(value);
  return typeof first === 'string' ? first : JSON.stringify(first ?? null);
}
