import { context, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { headers } from '@nats-io/transport-node';
import { expect, test } from 'vitest';
import { startTracing } from './start-tracing.ts';
import { activeTraceParent, injectTrace, inTaskSpan } from './trace.ts';
import { traceContext } from './trace-context.ts';

const getter = {
  keys: (carrier: Record<string, string>) => Object.keys(carrier),
  get: (carrier: Record<string, string>, key: string) => carrier[key],
};
const parent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

test('a caller’s trace goes along with the messages', async () => {
  const end = startTracing('test', {});
  const from = traceContext.extract(ROOT_CONTEXT, { traceparent: parent }, getter);
  expect(context.with(from, activeTraceParent)).toBe(parent);
  // The video's own trace is what a task is part of; what it follows is told beside it.
  const own = parent.replace('b7ad', 'ffff');
  const carried = context.with(from, () => injectTrace(headers(), own));
  expect([carried.get('traceparent'), carried.get('cinematica-follows')]).toEqual([own, parent]);
  expect(context.with(from, () => injectTrace(headers(), '')).has('traceparent')).toBe(false);
  expect(await inTaskSpan('task', carried, {}, () => Promise.resolve('done'))).toBe('done');
  await end();
});

test.each([
  '',
  'nonsense',
  parent.replace('00-', 'ff-'),
  parent.replace('0af765', 'zzzzzz'),
  `00-${'0'.repeat(32)}-b7ad6b7169203331-01`,
])('what is no trace is left out: "%s"', (header) => {
  expect(trace.getSpanContext(traceContext.extract(ROOT_CONTEXT, { traceparent: header }, getter))).toBeUndefined();
});
