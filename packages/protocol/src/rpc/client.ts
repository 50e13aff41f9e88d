import { create } from '@bufbuild/protobuf';
import type {
  DescMessage,
  DescMethod,
  DescMethodBiDiStreaming,
  DescMethodClientStreaming,
  DescMethodServerStreaming,
  DescMethodUnary,
  DescService,
  Message,
  MessageInitShape,
  MessageShape,
} from '@bufbuild/protobuf';
import { Metadata } from '@grpc/grpc-js';
import type { Channel } from './channel.ts';
import { answer, receive, send } from './make-call.ts';
import { methodDefinition } from './service-definition.ts';

/** Options of a call. */
export interface CallOptions {
  /** Deadline in milliseconds from now. The server receives it; afterwards, the call fails with DEADLINE_EXCEEDED. */
  readonly timeoutMs?: number | undefined;
  /** Additional headers. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  /** Cancels the call. It then fails with CANCELLED; the cause is the reason of the signal. */
  readonly signal?: AbortSignal | undefined;
}

/** A client with a function for each method of a service. The functions fail with {@link RpcError}. */
export type RpcClient<S extends DescService> = { readonly [K in keyof S['method']]: Call<S['method'][K]> };

type Call<M extends DescMethod> =
  M extends DescMethodUnary<infer I, infer O>
    ? (request: MessageInitShape<I>, options?: CallOptions) => Promise<MessageShape<O>>
    : M extends DescMethodServerStreaming<infer I, infer O>
      ? (request: MessageInitShape<I>, options?: CallOptions) => AsyncIterable<MessageShape<O>>
      : M extends DescMethodClientStreaming<infer I, infer O>
        ? (requests: Requests<I>, options?: CallOptions) => Promise<MessageShape<O>>
        : M extends DescMethodBiDiStreaming<infer I, infer O>
          ? (requests: Requests<I>, options?: CallOptions) => AsyncIterable<MessageShape<O>>
          : never;

type Requests<I extends DescMessage> = AsyncIterable<MessageInitShape<I>> | Iterable<MessageInitShape<I>>;

/**
 * Creates a client for a service. A call with a stream of responses starts when the stream is first read. If the reader stops
 * before the end of the stream, the call is cancelled.
 */
export function createClient<S extends DescService>(service: S, channel: Channel): RpcClient<S> {
  const calls = service.methods.map((method) => [method.localName, callOf(method, channel)] as const);
  return Object.fromEntries(calls) as RpcClient<S>;
}

type Input = Message | AsyncIterable<Message> | Iterable<Message>;

function callOf(method: DescMethod, channel: Channel): (input: Input, options?: CallOptions) => unknown {
  const { path, requestSerialize: serialize, responseDeserialize: deserialize } = methodDefinition(method);
  const { grpc } = channel;
  const request = (input: Input) => create(method.input, input as Message);
  const requests = (input: Input) => input as AsyncIterable<Message>;
  switch (method.methodKind) {
    case 'unary':
      return (input, options = {}) =>
        answer(options.signal, (done) => ({
          call: grpc.makeUnaryRequest(path, serialize, deserialize, request(input), ...start(channel, options), done),
        }));
    case 'client_streaming':
      return (input, options = {}) =>
        answer(options.signal, (done) => {
          const call = grpc.makeClientStreamRequest(path, serialize, deserialize, ...start(channel, options), done);
          return { call, sending: send(call, method.input, requests(input)) };
        });
    case 'server_streaming':
      return (input, options = {}) =>
        receive(options.signal, () => ({
          call: grpc.makeServerStreamRequest(path, serialize, deserialize, request(input), ...start(channel, options)),
        }));
    case 'bidi_streaming':
      return (input, options = {}) =>
        receive(options.signal, () => {
          const call = grpc.makeBidiStreamRequest(path, serialize, deserialize, ...start(channel, options));
          return { call, sending: send(call, method.input, requests(input)) };
        });
  }
}

function start({ token }: Channel, { timeoutMs, metadata = {} }: CallOptions): [Metadata, { deadline?: number }] {
  const headers = new Metadata();
  if (token !== null) headers.set('authorization', `Bearer ${token}`);
  for (const [name, value] of Object.entries(metadata)) headers.set(name, value);
  return [headers, timeoutMs === undefined ? {} : { deadline: Date.now() + timeoutMs }];
}
