import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { Code, createClient, createRpcServer, openChannel, refuseFields } from '@cinematica/protocol';
import type { Channel } from '@cinematica/protocol';
import { DecoderService, EncoderService, PixelFormat } from '@cinematica/protocol/stages';
import { setImmediate as turn } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { inCallSpan } from './call-span.ts';
import { traceContext } from './trace-context.ts';
import { inSpan } from './trace.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const CALLER = 'b7ad6b7169203331';
const metadata = { traceparent: `00-${TRACE}-${CALLER}-01` };

const exporter = new InMemorySpanExporter();
const server = createRpcServer({ tokens: null, onFault: () => undefined, around: inCallSpan });
let channel: Channel;

beforeAll(async () => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(traceContext);
  trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }));
  const compute = () => inSpan('run graph', {}, () => turn());
  server.add(EncoderService, {
    async encode({ width, model }) {
      if (width === 8) throw refuseFields([{ field: 'width', description: 'is small' }]);
      await compute();
      if (model === 'broken') throw new Error('a fault');
      return {};
    },
  });
  server.add(DecoderService, {
    async *decode(requests) {
      for await (const { message } of requests) {
        await compute();
        if (message.case !== 'start') continue;
        yield { message: { case: 'frames', value: { frames: 1, width: 8, height: 8, pixelFormat: PixelFormat.RGB8 } } };
      }
      await compute();
    },
  });
  channel = openChannel(`127.0.0.1:${await server.listen('127.0.0.1:0')}`);
});
afterAll(async () => {
  channel.close();
  await server.close(0);
});
beforeEach(() => exporter.reset());

/** The span of a call. It ends after the caller has received the response. */
async function callSpan() {
  const find = () => exporter.getFinishedSpans().find(({ kind }) => kind === SpanKind.SERVER);
  await expect.poll(find).toBeDefined();
  return find()!;
}
const computed = () => exporter.getFinishedSpans().filter(({ name }) => name === 'run graph');
const image = new Uint8Array(9);

test('the span of a call belongs to the caller’s trace and is the parent of what is computed for it', async () => {
  await createClient(EncoderService, channel).encode({ image, width: 64, height: 64 }, { metadata });
  const span = await callSpan();
  const method = 'cinematica.stages.v1.EncoderService/Encode';
  expect(span.name).toBe(method);
  expect(span.spanContext().traceId).toBe(TRACE);
  expect(span.parentSpanContext?.spanId).toBe(CALLER);
  expect(span.attributes).toEqual({
    'rpc.system.name': 'grpc',
    'rpc.method': method,
    'rpc.response.status_code': 'OK',
  });
  expect(computed().map((one) => one.parentSpanContext?.spanId)).toEqual([span.spanContext().spanId]);
});

test('the span of a streaming call lasts from the first request to the last response', async () => {
  const latents = { frames: 1, channels: 4, height: 8, width: 8 };
  const answers = createClient(DecoderService, channel).decode(
    [
      { message: { case: 'start', value: { latents } } },
      { message: { case: 'chunk', value: { index: 0, data: image } } },
    ],
    { metadata },
  );
  let count = 0;
  for await (const { message } of answers) if (message.case === 'frames') count++;
  expect(count).toBe(1);
  const span = await callSpan();
  expect(span.attributes['rpc.response.status_code']).toBe('OK');
  expect(computed().map((one) => one.parentSpanContext?.spanId)).toEqual(Array(3).fill(span.spanContext().spanId));
});

test.each([
  ['an invalid request', { width: 8 }, Code.INVALID_ARGUMENT, SpanStatusCode.UNSET],
  ['an internal error', { width: 64, model: 'broken' }, Code.INTERNAL, SpanStatusCode.ERROR],
])('%s sets the status code of the span', async (_, request, code, status) => {
  await expect(createClient(EncoderService, channel).encode({ image, height: 64, ...request })).rejects.toThrow();
  const span = await callSpan();
  expect(span.attributes['rpc.response.status_code']).toBe(Code[code]);
  expect(span.status.code).toBe(status);
  // Without a trace of the caller the span begins a new one.
  expect(span.parentSpanContext).toBeUndefined();
});
