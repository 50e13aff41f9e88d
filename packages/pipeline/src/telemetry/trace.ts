import { context, propagation, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { Attributes, Context, Link, TextMapGetter, TextMapSetter } from '@opentelemetry/api';

const TRACE_PARENT = 'traceparent';
/** The header of a message that names the span in which it was published. */
const FOLLOWS = 'cinematica-follows';

/** Headers that a trace is read from. */
export interface TraceCarrier {
  get(name: string): string | null | undefined;
}

/** Headers that a trace is written to. */
export interface TraceHeaders {
  set(name: string, value: string): void;
}

const getter: TextMapGetter<TraceCarrier> = {
  keys: () => [TRACE_PARENT],
  get: (carrier, key) => carrier.get(key) ?? undefined,
};
const setter: TextMapSetter<{ value: string }> = { set: (carrier, _, value) => (carrier.value = value) };

/** The active span as a W3C `traceparent`; empty when there is none. */
export function activeTraceParent(): string {
  const carrier = { value: '' };
  propagation.inject(context.active(), carrier, setter);
  return carrier.value;
}

/**
 * Writes the trace of a task, and the span that it follows, into the headers of its message.
 * @param traceParent of the task's video; empty when it has none.
 * @returns the headers.
 */
export function injectTrace<H extends TraceHeaders>(headers: H, traceParent: string): H {
  if (traceParent !== '') headers.set(TRACE_PARENT, traceParent);
  const follows = activeTraceParent();
  if (follows !== '') headers.set(FOLLOWS, follows);
  return headers;
}

/** The trace that the headers of a request or a message name. */
const traceOf = (carrier: TraceCarrier): Context => propagation.extract(ROOT_CONTEXT, carrier, getter);

interface SpanOptions {
  readonly kind?: SpanKind;
  readonly links?: Link[];
  /** The parent context; the active one by default. */
  readonly parent?: Context;
}

/** Runs an operation in a new span, which records an error. Attributes must not contain personal data. */
export function inSpan<T>(
  name: string,
  attributes: Attributes,
  run: () => Promise<T>,
  { parent = context.active(), ...options }: SpanOptions = {},
): Promise<T> {
  return trace.getTracer('cinematica').startActiveSpan(name, { ...options, attributes }, parent, async (span) => {
    try {
      return await run();
    } catch (error) {
      span.setStatus({ code: SpanStatusCode.ERROR });
      if (error instanceof Error) span.recordException(error);
      throw error;
    } finally {
      span.end();
    }
  });
}

/** Handles a request in a new span, as part of the trace that its headers name. */
export const inServerSpan = <T>(
  name: string,
  headers: TraceCarrier,
  attributes: Attributes,
  run: () => Promise<T>,
): Promise<T> => inSpan(name, attributes, run, { kind: SpanKind.SERVER, parent: traceOf(headers) });

/**
 * Runs a task in a new span, as part of its video's trace. The span in which the task was published is linked and is not
 * the parent, because the task may have waited in the queue for a long time.
 */
export function inTaskSpan<T>(
  name: string,
  headers: TraceCarrier,
  attributes: Attributes,
  run: () => Promise<T>,
): Promise<T> {
  const follows = trace.getSpanContext(traceOf({ get: () => headers.get(FOLLOWS) }));
  const links = follows ? [{ context: follows }] : [];
  return inSpan(name, attributes, run, { kind: SpanKind.CONSUMER, parent: traceOf(headers), links });
}

/**
 * Adds attributes to the active span.
 * @param failed marks the span as failed.
 */
export function describeSpan(attributes: Attributes, failed = false): void {
  const span = trace.getActiveSpan()?.setAttributes(attributes);
  if (failed) span?.setStatus({ code: SpanStatusCode.ERROR });
}
