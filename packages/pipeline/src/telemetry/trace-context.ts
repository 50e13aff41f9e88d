import { isSpanContextValid, trace, TraceFlags } from '@opentelemetry/api';
import type { TextMapPropagator } from '@opentelemetry/api';

const HEADER = 'traceparent';
const FORM = /^(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/;

/** Propagates the active trace in the `traceparent` header (W3C Trace Context, level 1, version 00). */
export const traceContext: TextMapPropagator = {
  fields: () => [HEADER],
  inject(context, carrier, setter) {
    const span = trace.getSpanContext(context);
    if (!span || !isSpanContextValid(span)) return;
    const flags = span.traceFlags.toString(16).padStart(2, '0');
    setter.set(carrier, HEADER, `00-${span.traceId}-${span.spanId}-${flags}`);
  },
  extract(context, carrier, getter) {
    const found = getter.get(carrier, HEADER);
    const [, traceId, spanId, flags] = FORM.exec((Array.isArray(found) ? found[0] : found) ?? '') ?? [];
    if (traceId === undefined || spanId === undefined || flags === undefined) return context;
    const span = { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & TraceFlags.SAMPLED, isRemote: true };
    return isSpanContextValid(span) ? trace.setSpanContext(context, span) : context;
  },
};
