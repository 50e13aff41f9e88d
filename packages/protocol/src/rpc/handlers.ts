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

/** The context of a call. */
export interface CallContext {
  /** Aborted when the caller cancels or disconnects, when the deadline has passed, or when the server is forced to close. */
  readonly signal: AbortSignal;
  /** The deadline of the call; null without one. */
  readonly deadline: Date | null;
  /** The headers of the call. */
  readonly metadata: Metadata;
  /** The address of the caller. */
  readonly peer: string;
}

/** An implementation of all methods of a service. The requests were validated with the rules in their schema. */
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
