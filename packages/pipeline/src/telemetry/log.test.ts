import { context, trace } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { createLog } from './log.ts';
import type { LogFormat } from './log.ts';
import { startTracing } from './start-tracing.ts';

function logLines(format: LogFormat): string[] {
  const lines: string[] = [];
  const log = createLog('muxer', { format, level: 'warn', write: (line) => void lines.push(line) });
  log.info('left out');
  log.warn('slow', { video: 'v1', step: undefined });
  log.error('broken', new Error('outer', { cause: new TypeError('inner\n of two lines') }), { video: 'v1' });
  return lines;
}

test('the json format writes an object per line, with the causes of an error', () => {
  const lines = logLines('json').map((line) => JSON.parse(line) as object);
  expect(lines).toMatchObject([
    { level: 'warn', service: 'muxer', message: 'slow', video: 'v1' },
    { level: 'error', message: 'broken', error: 'outer: TypeError: inner of two lines' },
  ]);
});

test('the text format writes one line per event', () => {
  const [slow, broken] = logLines('text');
  expect(slow).toMatch(/^\d\d:\d\d:\d\d\.\d{3} WARN muxer: slow video=v1\n$/);
  expect(broken).toMatch(/ ERROR muxer: broken video=v1 error=outer: TypeError: inner of two lines\n$/);
});

test('a line contains the id of the active trace', async () => {
  const end = await startTracing('test', {});
  const traceId = '0af7651916cd43dd8448eb211c80319c';
  const span = trace.wrapSpanContext({ traceId, spanId: 'b7ad6b7169203331', traceFlags: 1 });
  const lines = context.with(trace.setSpan(context.active(), span), () => logLines('json'));
  expect(JSON.parse(lines[0]!)).toMatchObject({ trace: traceId, video: 'v1' });
  await end();
});
