import type {
  DescMessage,
  DescMethod,
  DescMethodBiDiStreaming,
  DescMethodClientStreaming,
  DescMethodServerStreaming,
  DescMethodUnary,
  DescService,
  MessageInitShape,
  MessageShape,
} from '@bufbuild/protobuf';
import type { Metadata } from '@grpc/grpc-js';

/** What a handler knows of its call. */
export interface CallContext {
  /** Aborted when the caller cancels or goes away, when the deadline has passed, and when the server stops in haste. */
  readonly signal: AbortSignal;
  /** When the caller no longer waits; null where it set no deadline. */
  readonly deadline: Date | null;
  /** The call's headers. */
  readonly metadata: Metadata;
  /** The caller's address. */
  readonly peer: string;
}

/** An implementation of every method of a service. Requests have been held to the rules in their schema. */
export type ServiceHandlers<S extends DescService> = { readonly [K in keyof S['method']]: Handler<S['method'][K]> };

type Handler<M extends DescMethod> =
  M extends DescMethodUnary<infer I, infer O>
    ? (request: MessageShape<I>, context: CallContext) => Answer<O>
    : M extends DescMethodServerStreaming<infer I, infer O>
      ? (request: MessageShape<I>, context: CallContext) => Answers<O>
      : M extends DescMethodClientStreaming<infer I, infer O>
        ? (requests: AsyncIterable<MessageShape<I>>, context: CallContext) => Answer<O>
        : M extends DescMethodBiDiStreaming<infer I, infer O>
          ? (requests: AsyncIterable<MessageShape<I>>, context: CallContext) => Answers<O>
          : never;

type Answer<O extends DescMessage> = Promise<MessageInitShape<O>> | MessageInitShape<O>;
type Answers<O extends DescMessage> = AsyncIterable<MessageInitShape<O>>;
