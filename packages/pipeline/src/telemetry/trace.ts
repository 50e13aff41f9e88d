import { context, propagation, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { Attributes, Link, TextMapGetter, TextMapSetter } from '@opentelemetry/api';
import type { MsgHdrs } from '@nats-io/transport-node';

const setter: TextMapSetter<MsgHdrs> = { set: (carrier, key, value) => carrier.set(key, value) };
const getter: TextMapGetter<MsgHdrs> = {
  keys: (carrier) => carrier.keys(),
  get: (carrier, key) => (carrier.has(key) ? carrier.get(key) : undefined),
};

/** Writes the trace that runs now into a message's headers (W3C `traceparent`, where a provider is registered). */
export function injectTrace(carrier: MsgHdrs): MsgHdrs {
  propagation.inject(context.active(), carrier, setter);
  return carrier;
}

/**
 * Runs a task in a span of its own. It is linked to the one that the message came from, not a child of it: a task may
 * have waited in the queue for long.
 */
export async function inTaskSpan<T>(
  name: string,
  carrier: MsgHdrs | undefined,
  attributes: Attributes,
  run: () => Promise<T>,
): Promise<T> {
  const from = carrier && trace.getSpanContext(propagation.extract(ROOT_CONTEXT, carrier, getter));
  const links: Link[] = from ? [{ context: from }] : [];
  const tracer = trace.getTracer('cinematica');
  return tracer.startActiveSpan(name, { kind: SpanKind.CONSUMER, attributes, links }, async (span) => {
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
