import type { DescMessage, DescMethod, MessageShape } from '@bufbuild/protobuf';
import { describeError, inServerSpan } from '@cinematica/pipeline';
import type { Log, Metrics } from '@cinematica/pipeline';
import { checkMessage } from '@cinematica/protocol';
import { CreateVideoRequestSchema } from '@cinematica/protocol/v1';
import { Code, ConnectError } from '@connectrpc/connect';
import type { Interceptor, StreamRequest, StreamResponse, UnaryRequest, UnaryResponse } from '@connectrpc/connect';
import { isMessage } from '@bufbuild/protobuf';
import { Counter, Histogram } from 'prom-client';
import { checkUpload } from '../photo/check-upload.ts';
import { PHOTO_LIMITS } from '../photo/photo-limits.ts';
import { toConnectError } from './errors.ts';

type Next = Parameters<Interceptor>[0];

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/**
 * Around every call: holds requests to the rules in their schema, turns whatever is thrown into what callers are told,
 * counts, and logs what went wrong. Nothing of a request's content is logged.
 */
export function observeCalls(log: Log, { registry }: Pick<Metrics, 'registry'>): Interceptor {
  const registers = [registry];
  const calls = new Counter({
    name: 'cinematica_rpc_total',
    help: 'Calls that ended, by method and code.',
    labelNames: ['method', 'code'],
    registers,
  });
  const seconds = new Histogram({
    name: 'cinematica_rpc_seconds',
    help: 'From a request to its answer, of calls with one answer.',
    labelNames: ['method'],
    buckets: SECONDS,
    registers,
  });

  function ended({ name, parent }: DescMethod, code: Code | null): void {
    calls.inc({ method: `${parent.typeName}/${name}`, code: code === null ? 'Ok' : Code[code] });
  }

  function failed(method: DescMethod, error: unknown, signal: AbortSignal): ConnectError {
    const gone = signal.aborted && !(error instanceof ConnectError);
    const refusal = gone ? ConnectError.from(signal.reason, Code.Canceled) : toConnectError(error);
    ended(method, refusal.code);
    const fields = { method: method.name, code: Code[refusal.code] };
    if (refusal.code === Code.Internal || refusal.code === Code.Unknown) {
      log.error('a call failed by a fault of ours', refusal.cause ?? error, fields);
    } else if (refusal.code === Code.Unavailable && refusal.cause !== undefined) {
      log.warn('a call could not be served', { ...fields, reason: describeError(refusal.cause) });
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
    const begin = performance.now();
    try {
      if (!request.stream) {
        check(method.input, request.message);
        const response = await next(request);
        seconds.observe({ method: method.name }, (performance.now() - begin) / 1000);
        ended(method, null);
        return response;
      }
      const response = await next({ ...request, message: checked(method.input, request.message) });
      if (!response.stream) return response;
      return { ...response, message: watched(response.message, method, signal) };
    } catch (error) {
      throw failed(method, error, signal);
    }
  }

  async function* watched<T>(messages: AsyncIterable<T>, method: DescMethod, signal: AbortSignal): AsyncGenerator<T> {
    let told = false;
    try {
      yield* messages;
      told = true;
      ended(method, null);
    } catch (error) {
      told = true;
      throw failed(method, error, signal);
    } finally {
      // The reader went away between two messages.
      if (!told) ended(method, Code.Canceled);
    }
  }
}

async function* checked<D extends DescMessage>(
  desc: D,
  messages: AsyncIterable<MessageShape<D>>,
): AsyncGenerator<MessageShape<D>> {
  for await (const message of messages) {
    check(desc, message);
    yield message;
  }
}

function check<D extends DescMessage>(desc: D, message: MessageShape<D>): void {
  // What is no photo at all is told so, whatever else there is to say.
  if (isMessage(message, CreateVideoRequestSchema) && message.source.case === 'image') {
    checkUpload(message.source.value, PHOTO_LIMITS);
  }
  checkMessage(desc, message);
}
