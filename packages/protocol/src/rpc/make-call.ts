import { create } from '@bufbuild/protobuf';
import type { DescMessage, Message } from '@bufbuild/protobuf';
import { status } from '@grpc/grpc-js';
import type { ClientReadableStream, ClientWritableStream, requestCallback } from '@grpc/grpc-js';
import { RpcError } from './rpc-error.ts';
import { writeAll } from './write-all.ts';

/** A running call. */
interface Running<C> {
  readonly call: C;
  /** Only for a call that sends a stream. */
  readonly sending?: Sending;
}

/** The state of a stream of requests. */
interface Sending {
  /** The error of the caller's own requests, which ends the call. */
  fault?: unknown;
}

/** Makes a call with one response. */
export function answer(
  signal: AbortSignal | undefined,
  begin: (done: requestCallback<Message>) => Running<{ cancel(): void }>,
): Promise<Message> {
  return new Promise((resolve, reject) => {
    throwIfCancelled(signal);
    const { call, sending } = begin((error, value) => {
      signal?.removeEventListener('abort', cancel);
      if (error || !value) reject(failure(error, sending, signal));
      else resolve(value);
    });
    const cancel = () => {
      call.cancel();
    };
    signal?.addEventListener('abort', cancel, { once: true });
  });
}

/** Makes a call with a stream of responses. */
export async function* receive(
  signal: AbortSignal | undefined,
  begin: () => Running<ClientReadableStream<Message>>,
): AsyncGenerator<Message> {
  throwIfCancelled(signal);
  const { call, sending } = begin();
  const cancel = () => {
    call.cancel();
  };
  // The loop below reports errors. A later error, such as that of the cancellation, is ignored.
  call.on('error', () => undefined);
  signal?.addEventListener('abort', cancel, { once: true });
  try {
    for await (const message of call.iterator({ destroyOnReturn: false })) {
      // Discards messages that were received before the cancellation.
      throwIfCancelled(signal);
      yield message as Message;
    }
  } catch (error) {
    throw failure(error, sending, signal);
  } finally {
    signal?.removeEventListener('abort', cancel);
    cancel();
  }
}

/** Sends a stream of requests until the call ends. */
export function send(
  call: ClientWritableStream<Message>,
  desc: DescMessage,
  requests: AsyncIterable<Message> | Iterable<Message>,
): Sending {
  const ended = new AbortController();
  const sending: Sending = {};
  call.on('status', () => {
    ended.abort();
  });
  writeAll(call, created(desc, requests), ended.signal).then(
    () => call.end(),
    (error: unknown) => {
      if (ended.signal.aborted) return;
      sending.fault = error;
      call.cancel();
    },
  );
  return sending;
}

async function* created(desc: DescMessage, requests: AsyncIterable<Message> | Iterable<Message>) {
  for await (const request of requests) yield create(desc, request);
}

function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw cancelled(signal);
}

function failure(error: unknown, sending: Sending | undefined, signal: AbortSignal | undefined): Error {
  if (sending?.fault instanceof Error) return sending.fault;
  const failed = RpcError.from(error);
  return failed.code === status.CANCELLED && signal?.aborted ? cancelled(signal) : failed;
}

const cancelled = (signal: AbortSignal) =>
  new RpcError('The call was cancelled.', status.CANCELLED, [], { cause: signal.reason });
