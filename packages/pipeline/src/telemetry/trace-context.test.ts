import { context, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { startTracing } from './start-tracing.ts';
import { activeTraceParent, injectTrace, inTaskSpan } from './trace.ts';
import { traceContext } from './trace-context.ts';

const getter = {
  keys: (carrier: Record<string, string>) => Object.keys(carrier),
  get: (carrier: Record<string, string>, key: string) => carrier[key],
};
const parent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

test('the trace of a caller is written to the headers of a message', async () => {
  const end = await startTracing('test', {});
  const from = traceContext.extract(ROOT_CONTEXT, { traceparent: parent }, getter);
  expect(context.with(from, activeTraceParent)).toBe(parent);
  // A task is part of its video's trace, and the span that it follows is named in another header.
  const own = parent.replace('b7ad', 'ffff');
  const carried = context.with(from, () => injectTrace(new Headers(), own));
  expect([carried.get('traceparent'), carried.get('cinematica-follows')]).toEqual([own, parent]);
  expect(context.with(from, () => injectTrace(new Headers(), '')).has('traceparent')).toBe(false);
  expect(await inTaskSpan('task', carried, {}, () => Promise.resolve('done'))).toBe('done');
  await end();
});

test.each([
  '',
  'nonsense',
  parent.replace('00-', 'ff-'),
  parent.replace('0af765', 'zzzzzz'),
  `00-${'0'.repeat(32)}-b7ad6b7169203331-01`,
])('an invalid traceparent is ignored: "%s"', (header) => {
  expect(trace.getSpanContext(traceContext.extract(ROOT_CONTEXT, { traceparent: header }, getter))).toBeUndefined();
});
