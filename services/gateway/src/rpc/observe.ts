import type { DescMessage, DescMethod, MessageShape } from '@bufbuild/protobuf';
import { describeError, inServerSpan } from '@cinematica/pipeline';
import type { Log, Metrics } from '@cinematica/pipeline';
import { checkMessage } from '@cinematica/protocol';
import { CreateVideoRequestSchema } from '@cinematica/protocol/v1';
import { Code, ConnectError } from '@connectrpc/connect';
import type { Interceptor, StreamRequest, StreamResponse, UnaryRequest, UnaryResponse } from '@connectrpc/connect';
import { isMessage } from '@bufbuild/protobuf';
import { Counter, Histogram } from 'prom-client';
import { checkRequest } from '../videos/create-batch.ts';
import { toConnectError } from './errors.ts';

type Next = Parameters<Interceptor>[0];

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/**
 * Creates an interceptor that validates requests, converts errors to those that callers receive, records metrics and a
 * span, and logs failures. The content of requests is never logged.
 */
export function observeCalls(log: Log, { registry }: Pick<Metrics, 'registry'>): Interceptor {
  const registers = [registry];
  const calls = new Counter({
    name: 'cinematica_rpc_total',
    help: 'Calls that have ended, by method and status code.',
    labelNames: ['method', 'code'],
    registers,
  });
  const seconds = new Histogram({
    name: 'cinematica_rpc_seconds',
    help: 'Duration of unary calls that succeeded, in seconds.',
    labelNames: ['method'],
    buckets: SECONDS,
    registers,
  });

  function countCall({ name, parent }: DescMethod, code: Code | null): void {
    calls.inc({ method: `${parent.typeName}/${name}`, code: code === null ? 'Ok' : Code[code] });
  }

  function convertError(method: DescMethod, error: unknown, signal: AbortSignal): ConnectError {
    const disconnected = signal.aborted && !(error instanceof ConnectError);
    const refusal = disconnected
      ? ConnectError.from(signal.reason, Code.Canceled)
      : toConnectError(error, method.input);
    countCall(method, refusal.code);
    const fields = { method: method.name, code: Code[refusal.code] };
    if (refusal.code === Code.Internal || refusal.code === Code.Unknown) {
      log.error('call failed', refusal.cause ?? error, fields);
    } else if (refusal.code === Code.Unavailable && refusal.cause !== undefined) {
      log.warn('call rejected: a dependency is unavailable', { ...fields, reason: describeError(refusal.cause) });
    }
    return refusal;
  }

  return (next) => (request) => {
    const { service, method } = request;
    const attributes = { 'rpc.system.name': 'connectrpc', 'rpc.method': `${service.typeName}/${method.name}` };
    return inServerSpan(`${service.typeName}/${method.name}`, request.header, attributes, () => call(next, request));
  };

  async function call(next: Next, request: UnaryRequest | StreamRequest): Promise<UnaryResponse | StreamResponse> {
    const { method, signal } = request;
    const startedAt = performance.now();
    try {
      if (!request.stream) {
        validate(method.input, request.message);
        const response = await next(request);
        seconds.observe({ method: method.name }, (performance.now() - startedAt) / 1000);
        countCall(method, null);
        return response;
      }
      const response = await next({ ...request, message: validated(method.input, request.message) });
      if (!response.stream) return response;
      return { ...response, message: counted(response.message, method, signal) };
    } catch (error) {
      throw convertError(method, error, signal);
    }
  }

  async function* counted<T>(messages: AsyncIterable<T>, method: DescMethod, signal: AbortSignal): AsyncGenerator<T> {
    let ended = false;
    try {
      yield* messages;
      ended = true;
      countCall(method, null);
    } catch (error) {
      ended = true;
      throw convertError(method, error, signal);
    } finally {
      // The client disconnected between two messages.
      if (!ended) countCall(method, Code.Canceled);
    }
  }
}

async function* validated<D extends DescMessage>(
  desc: D,
  messages: AsyncIterable<MessageShape<D>>,
): AsyncGenerator<MessageShape<D>> {
  for await (const message of messages) {
    validate(desc, message);
    yield message;
  }
}

function validate<D extends DescMessage>(desc: D, message: MessageShape<D>): void {
  if (isMessage(message, CreateVideoRequestSchema)) checkRequest(message);
  else checkMessage(desc, message);
}
