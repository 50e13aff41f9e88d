import type { EventEmitter } from 'node:events';
import type { Readable } from 'node:stream';
import { create } from '@bufbuild/protobuf';
import type { DescMessage, DescMethod, Message } from '@bufbuild/protobuf';
import { status } from '@grpc/grpc-js';
import type {
  sendUnaryData,
  ServerDuplexStream,
  ServerReadableStream,
  ServerUnaryCall,
  ServerWritableStream,
  UntypedHandleCall,
} from '@grpc/grpc-js';
import { checkMessage } from './check-message.ts';
import type { CallContext } from './handlers.ts';
import { RpcError } from './rpc-error.ts';
import { writeAll } from './write-all.ts';

/** A handler whatever its method: what it takes and gives depends on the method's kind. */
type UntypedHandler = (input: Message | AsyncIterable<Message>, context: CallContext) => unknown;

/** Told of every call that ended in a fault of ours. */
export type FaultListener = (error: RpcError, method: DescMethod) => void;

/** A method's handler as grpc-js takes it. */
export function handleCall(method: DescMethod, handler: UntypedHandler, onFault: FaultListener): UntypedHandleCall {
  const failure = (error: unknown, { signal }: CallContext) => {
    const failed = RpcError.from(signal.aborted ? signal.reason : error);
    if (failed.code === status.INTERNAL || failed.code === status.UNKNOWN) onFault(failed, method);
    return failed.toStatus();
  };
  const checked = (message: Message) => {
    checkMessage(method.input, message);
    return message;
  };

  const answer = async (call: AnyCall, input: () => Message | AsyncIterable<Message>, done: sendUnaryData<Message>) => {
    const context = contextOf(call);
    try {
      done(null, create(method.output, (await handler(input(), context)) as Message));
    } catch (error) {
      done(failure(error, context));
    }
  };
  const stream = async (call: AnyWritable, input: () => Message | AsyncIterable<Message>) => {
    const context = contextOf(call);
    try {
      const answers = handler(input(), context) as AsyncIterable<Message>;
      await writeAll(call, created(method.output, answers), context.signal);
      call.end();
    } catch (error) {
      call.emit('error', failure(error, context));
    }
  };

  switch (method.methodKind) {
    case 'unary':
      return (call: ServerUnaryCall<Message, Message>, done: sendUnaryData<Message>) =>
        void answer(call, () => checked(call.request), done);
    case 'client_streaming':
      return (call: ServerReadableStream<Message, Message>, done: sendUnaryData<Message>) =>
        void answer(call, () => read(call, checked), done);
    case 'server_streaming':
      return (call: ServerWritableStream<Message, Message>) => void stream(call, () => checked(call.request));
    case 'bidi_streaming':
      return (call: ServerDuplexStream<Message, Message>) => void stream(call, () => read(call, checked));
  }
}

type AnyWritable = ServerWritableStream<Message, Message> | ServerDuplexStream<Message, Message>;
type AnyCall = ServerUnaryCall<Message, Message> | ServerReadableStream<Message, Message> | AnyWritable;

function contextOf(call: AnyCall): CallContext {
  const controller = new AbortController();
  const at = call.getDeadline();
  const deadline = at === Infinity ? null : new Date(at);
  // Each kind of call is an emitter of its own; only this event concerns all.
  (call as EventEmitter).on('cancelled', () => {
    const late = deadline !== null && deadline.getTime() <= Date.now();
    controller.abort(
      late
        ? new RpcError('The deadline has passed.', status.DEADLINE_EXCEEDED)
        : new RpcError('The call was cancelled.', status.CANCELLED),
    );
  });
  return { signal: controller.signal, deadline, metadata: call.metadata, peer: call.getPeer() };
}

/** The requests of a stream. A handler that stops reading early can still answer: the stream stays as it is. */
async function* read(
  call: Pick<Readable, 'iterator'>,
  checked: (message: Message) => Message,
): AsyncGenerator<Message> {
  for await (const message of call.iterator({ destroyOnReturn: false })) yield checked(message as Message);
}

async function* created(desc: DescMessage, answers: AsyncIterable<Message>): AsyncGenerator<Message> {
  for await (const answer of answers) yield create(desc, answer);
}
