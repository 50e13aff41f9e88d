import { context, propagation, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { Attributes, Context, Link, TextMapGetter, TextMapSetter } from '@opentelemetry/api';
import type { MsgHdrs } from '@nats-io/transport-node';

const TRACE_PARENT = 'traceparent';
/** Of a message: the span that it was published in. */
const FOLLOWS = 'cinematica-follows';

/** What a trace travels in: headers by name. */
export interface TraceCarrier {
  get(name: string): string | null | undefined;
}

const getter: TextMapGetter<TraceCarrier> = {
  keys: () => [TRACE_PARENT],
  get: (carrier, key) => carrier.get(key) ?? undefined,
};
const setter: TextMapSetter<{ value: string }> = { set: (carrier, _, value) => (carrier.value = value) };

/** The trace that runs now, as W3C `traceparent` has it; empty where there is none. */
export function activeTraceParent(): string {
  const carrier = { value: '' };
  propagation.inject(context.active(), carrier, setter);
  return carrier.value;
}

/**
 * Writes into a message's headers which trace its task is part of, and which span it follows.
 * @param traceParent of the task's video; empty where it has none.
 */
export function injectTrace(headers: MsgHdrs, traceParent: string): MsgHdrs {
  if (traceParent !== '') headers.set(TRACE_PARENT, traceParent);
  const follows = activeTraceParent();
  if (follows !== '') headers.set(FOLLOWS, follows);
  return headers;
}

/** The trace that a request or a message says it is part of. */
const traceOf = (carrier: TraceCarrier): Context => propagation.extract(ROOT_CONTEXT, carrier, getter);

/** How a span differs from an ordinary one: a part of whatever runs. */
interface SpanOptions {
  readonly kind?: SpanKind;
  readonly links?: Link[];
  /** What it is a part of. */
  readonly parent?: Context;
}

/** Runs something in a span of its own, which tells whether it failed. Nothing that tells of a person belongs in it. */
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

/** Answers a request in a span of its own: a part of the trace that its headers name. */
export const inServerSpan = <T>(
  name: string,
  headers: TraceCarrier,
  attributes: Attributes,
  run: () => Promise<T>,
): Promise<T> => inSpan(name, attributes, run, { kind: SpanKind.SERVER, parent: traceOf(headers) });

/**
 * Runs a task in a span of its own: a part of its video's trace, and linked to the span that it follows rather than a
 * child of it, as it may have waited in the queue for long.
 */
export function inTaskSpan<T>(
  name: string,
  headers: MsgHdrs | undefined,
  attributes: Attributes,
  run: () => Promise<T>,
): Promise<T> {
  const of = (key: string) => traceOf({ get: () => (headers?.has(key) ? headers.get(key) : undefined) });
  const follows = trace.getSpanContext(of(FOLLOWS));
  const links = follows ? [{ context: follows }] : [];
  return inSpan(name, attributes, run, { kind: SpanKind.CONSUMER, parent: of(TRACE_PARENT), links });
}

/** Says more of the span that runs, once it is known. @param failed whether that is a fault of ours */
export function describeSpan(attributes: Attributes, failed = false): void {
  const span = trace.getActiveSpan()?.setAttributes(attributes);
  if (failed) span?.setStatus({ code: SpanStatusCode.ERROR });
}
