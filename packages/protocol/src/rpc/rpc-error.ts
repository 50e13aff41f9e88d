import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import type { DescMessage, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import { anyPack, anyUnpack } from '@bufbuild/protobuf/wkt';
import type { Any } from '@bufbuild/protobuf/wkt';
import { Metadata, status } from '@grpc/grpc-js';
import type { StatusObject } from '@grpc/grpc-js';
import { StatusSchema } from '../gen/google/rpc/status_pb.ts';

/** The trailer in which gRPC carries a `google.rpc.Status`. */
const DETAILS = 'grpc-status-details-bin';

/** Trailers must fit into an HTTP/2 header frame, which is commonly limited to 8 KiB, including base64. */
const MAX_DETAILS_BYTES = 4096;
const MAX_MESSAGE_LENGTH = 1000;

/** A detail of an error, such as `google.rpc.BadRequest`. */
export interface ErrorDetail<D extends DescMessage = DescMessage> {
  readonly desc: D;
  readonly value: MessageInitShape<D>;
}

/**
 * The error of a call. A handler throws it, and the client's call rejects with it. The cause is never sent.
 */
export class RpcError extends Error {
  override readonly name = 'RpcError';
  readonly code: status;
  /** The packed details. */
  readonly details: readonly Any[];

  constructor(message: string, code: status, details: readonly Any[] = [], options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.details = details;
  }

  /** Creates an error and packs its details. */
  static with(message: string, code: status, details: readonly ErrorDetail[], options?: ErrorOptions): RpcError {
    const packed = details.map(({ desc, value }) => anyPack(desc, create(desc, value)));
    return new RpcError(message, code, packed, options);
  }

  /**
   * Converts anything that was thrown to an RpcError. An unknown error becomes INTERNAL, with a general message and the error as
   * its cause.
   */
  static from(error: unknown): RpcError {
    if (error instanceof RpcError) return error;
    if (isStatus(error)) {
      return new RpcError(error.details, error.code, detailsOf(error.metadata), { cause: error });
    }
    return new RpcError('An internal error occurred.', status.INTERNAL, [], { cause: error });
  }

  /** Returns the details of one type. */
  find<D extends DescMessage>(desc: D): MessageShape<D>[] {
    return this.details.flatMap((any) => anyUnpack(any, desc) ?? []);
  }

  /** Converts the error for grpc-js. */
  toStatus(): StatusObject & Error {
    const metadata = new Metadata();
    const message = this.message.slice(0, MAX_MESSAGE_LENGTH);
    if (this.details.length > 0) {
      const bytes = toBinary(
        StatusSchema,
        create(StatusSchema, { code: this.code, message, details: [...this.details] }),
      );
      if (bytes.length <= MAX_DETAILS_BYTES) metadata.set(DETAILS, Buffer.from(bytes));
    }
    return Object.assign(new Error(message), { code: this.code, details: message, metadata });
  }
}

function isStatus(error: unknown): error is StatusObject {
  return (
    error instanceof Error &&
    'code' in error &&
    typeof error.code === 'number' &&
    'details' in error &&
    typeof error.details === 'string' &&
    'metadata' in error &&
    error.metadata instanceof Metadata
  );
}

/** Reads the details in the trailers. Invalid details are ignored, because a peer may send anything. */
function detailsOf(metadata: Metadata): Any[] {
  const [bytes] = metadata.get(DETAILS);
  if (!(bytes instanceof Uint8Array)) return [];
  try {
    return fromBinary(StatusSchema, bytes).details;
  } catch {
    return [];
  }
}
