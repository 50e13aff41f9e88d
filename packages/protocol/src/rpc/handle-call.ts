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
  StatusObject,
  UntypedHandleCall,
} from '@grpc/grpc-js';
import { ErrorReason } from '../gen/cinematica/v1/error_reason_pb.ts';
import { checkMessage } from './check-message.ts';
import type { CallContext } from './handlers.ts';
import { refuse } from './reasons.ts';
import { RpcError } from './rpc-error.ts';
import { writeAll } from './write-all.ts';

/** A handler of any method. Its input and result depend on the kind of the method. */
type UntypedHandler = (input: Message | AsyncIterable<Message>, context: CallContext) => unknown;

/** Receives the error of each call that failed with INTERNAL or UNKNOWN. */
export type FaultListener = (error: RpcError, method: DescMethod) => void;

/**
 * Wraps every call, for example in a trace span.
 *
 * @param run handles the call; it never rejects, and returns the status of the call
 */
export type CallRunner = (method: DescMethod, context: CallContext, run: () => Promise<status>) => Promise<unknown>;

/** Hooks of a server around its calls. */
export interface CallWatch {
  readonly onFault: FaultListener;
  readonly around: CallRunner;
}

/** Converts the handler of a method for grpc-js. */
export function handleCall(
  method: DescMethod,
  handler: UntypedHandler,
  { onFault, around }: CallWatch,
): UntypedHandleCall {
  const failure = (error: unknown, { signal }: CallContext) => {
    const failed = withReason(RpcError.from(signal.aborted ? signal.reason : error));
    if (failed.code === status.INTERNAL || failed.code === status.UNKNOWN) onFault(failed, method);
    return failed;
  };
  const checked = (message: Message) => {
    checkMessage(method.input, message);
    return message;
  };

  const watched = (
    call: AnyCall,
    run: (context: CallContext) => Promise<void>,
    fail: (error: StatusObject) => void,
  ) => {
    const context = contextOf(call);
    void around(method, context, async () => {
      try {
        await run(context);
        return status.OK;
      } catch (error) {
        const failed = failure(error, context);
        fail(failed.toStatus());
        return failed.code;
      }
    });
  };
  const answer = (call: AnyCall, input: () => Message | AsyncIterable<Message>, done: sendUnaryData<Message>) =>
    watched(
      call,
      async (context) => done(null, create(method.output, (await handler(input(), context)) as Message)),
      done,
    );
  const stream = (call: AnyWritable, input: () => Message | AsyncIterable<Message>) =>
    watched(
      call,
      async (context) => {
        const answers = handler(input(), context) as AsyncIterable<Message>;
        await writeAll(call, created(method.output, answers), context.signal);
        call.end();
      },
      (error) => call.emit('error', error),
    );

  switch (method.methodKind) {
    case 'unary':
      return (call: ServerUnaryCall<Message, Message>, done: sendUnaryData<Message>) =>
        answer(call, () => checked(call.request), done);
    case 'client_streaming':
      return (call: ServerReadableStream<Message, Message>, done: sendUnaryData<Message>) =>
        answer(call, () => read(call, checked), done);
    case 'server_streaming':
      return (call: ServerWritableStream<Message, Message>) => stream(call, () => checked(call.request));
    case 'bidi_streaming':
      return (call: ServerDuplexStream<Message, Message>) => stream(call, () => read(call, checked));
  }
}

/** An unexpected error gets a reason, too. Its cause stays in this process. */
function withReason(error: RpcError): RpcError {
  if (error.code !== status.INTERNAL || error.details.length > 0) return error;
  return refuse(status.INTERNAL, ErrorReason.INTERNAL, error.message, [], { cause: error.cause });
}

type AnyWritable = ServerWritableStream<Message, Message> | ServerDuplexStream<Message, Message>;
type AnyCall = ServerUnaryCall<Message, Message> | ServerReadableStream<Message, Message> | AnyWritable;

function contextOf(call: AnyCall): CallContext {
  const controller = new AbortController();
  const at = call.getDeadline();
  const deadline = at === Infinity ? null : new Date(at);
  // The types of the calls differ, but all of them emit this event.
  (call as EventEmitter).on('cancelled', () => {
    const deadlinePassed = deadline !== null && deadline.getTime() <= Date.now();
    controller.abort(
      deadlinePassed
        ? new RpcError('The deadline has passed.', status.DEADLINE_EXCEEDED)
        : new RpcError('The call was cancelled.', status.CANCELLED),
    );
  });
  return { signal: controller.signal, deadline, metadata: call.metadata, peer: call.getPeer() };
}

/** Reads the requests of a stream. The stream is not destroyed, so a handler can reply before it has read everything. */
async function* read(
  call: Pick<Readable, 'iterator'>,
  checked: (message: Message) => Message,
): AsyncGenerator<Message> {
  for await (const message of call.iterator({ destroyOnReturn: false })) yield checked(message as Message);
}

async function* created(desc: DescMessage, answers: AsyncIterable<Message>): AsyncGenerator<Message> {
  for await (const answer of answers) yield create(desc, answer);
}
