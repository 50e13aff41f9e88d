import type { DescMessage } from '@bufbuild/protobuf';
import { durationMs, EmptySchema } from '@bufbuild/protobuf/wkt';
import {
  InvalidKeyError,
  MissingArtifactError,
  OverLimitError,
  RequestConflictError,
  SlowReaderError,
  StorageFullError,
  UnavailableError,
  UnknownVideoError,
} from '@cinematica/pipeline';
import {
  BadRequestSchema,
  Code,
  ErrorInfoSchema,
  refuse,
  refuseUntil,
  RetryInfoSchema,
  RpcError,
} from '@cinematica/protocol';
import { ErrorReason } from '@cinematica/protocol/v1';
import { Code as ConnectCode, ConnectError } from '@connectrpc/connect';
import { JsonLimitError } from '../http/json-limits.ts';
import { BodyError } from '../http/receive-body.ts';
import { PhotoError, PhotoProcessError, PhotosWaitingError } from '../photo/photo-error.ts';
import { MediaError, MediaWaitingError } from '../provenance/media-error.ts';
import type { PhotoErrorReason } from '../photo/photo-error.ts';
import type { MediaErrorReason } from '../provenance/media-error.ts';
import { refusalOfConnect } from './refusal-of-connect.ts';

const PHOTO_REASONS: Readonly<Record<PhotoErrorReason, ErrorReason>> = {
  UNSUPPORTED_FORMAT: ErrorReason.IMAGE_TYPE_UNSUPPORTED,
  HEIF_CODEC_UNSUPPORTED: ErrorReason.IMAGE_TYPE_UNSUPPORTED,
  TRUNCATED: ErrorReason.IMAGE_UNREADABLE,
  EMPTY: ErrorReason.IMAGE_UNREADABLE,
  TIMEOUT: ErrorReason.IMAGE_TIMEOUT,
  TOO_LARGE: ErrorReason.IMAGE_TOO_LARGE,
  TOO_MANY_PIXELS: ErrorReason.IMAGE_TOO_LARGE,
  TOO_SMALL: ErrorReason.IMAGE_TOO_SMALL,
};

const MEDIA_REASONS: Readonly<Record<MediaErrorReason, ErrorReason>> = {
  UNREADABLE: ErrorReason.MEDIA_UNREADABLE,
  TIMEOUT: ErrorReason.MEDIA_TIMEOUT,
};

const DETAILS = [ErrorInfoSchema, BadRequestSchema, RetryInfoSchema];

/**
 * Converts anything that was thrown to the error of a call. A video of another owner has the same error as a video that
 * does not exist, so that ids cannot be probed.
 *
 * There are two types of errors because there are two gRPC libraries. `RpcError` is that of `packages/protocol`, which all
 * services throw, including the stages, whose server is grpc-js. `ConnectError` is that of Connect, which serves browsers
 * and gRPC on the same port here. Services throw `RpcError` only; `toConnectError` converts at the edge.
 */
export function refusalOf(error: unknown): RpcError {
  if (error instanceof RpcError) return error;
  if (error instanceof PhotoError) {
    return refuse(Code.INVALID_ARGUMENT, PHOTO_REASONS[error.reason], error.message, [], { cause: error });
  }
  if (error instanceof BodyError) return refusalOfBody(error);
  if (error instanceof JsonLimitError) {
    const message = `The JSON cannot be a message of this method: ${error.message}.`;
    return refuse(Code.INVALID_ARGUMENT, ErrorReason.INVALID_REQUEST, message);
  }
  if (error instanceof MediaError) {
    return refuse(Code.INVALID_ARGUMENT, MEDIA_REASONS[error.reason], error.message, [], { cause: error });
  }
  if (error instanceof PhotosWaitingError || error instanceof MediaWaitingError) {
    return refuseUntil(ErrorReason.SYSTEM_BUSY, error.message, 5_000);
  }
  if (error instanceof UnknownVideoError || error instanceof InvalidKeyError) {
    return refuse(Code.NOT_FOUND, ErrorReason.VIDEO_NOT_FOUND, 'There is no such video.');
  }
  if (error instanceof RequestConflictError) {
    return refuse(Code.ALREADY_EXISTS, ErrorReason.REQUEST_ID_REUSED, `request_id: ${error.message}`);
  }
  if (error instanceof OverLimitError) {
    const reason = error.scope === 'system' ? ErrorReason.SYSTEM_BUSY : ErrorReason.TOO_MANY_VIDEOS;
    return refuseUntil(reason, error.message, error.retrySeconds * 1000);
  }
  if (error instanceof StorageFullError) {
    const message = 'The storage is full: delete videos that you no longer want, or try again later.';
    return refuseUntil(ErrorReason.STORAGE_FULL, message, 60_000);
  }
  if (error instanceof SlowReaderError) {
    const message = 'The reader is too far behind: watch again after the last sequence seen.';
    return refuseUntil(ErrorReason.UNAVAILABLE, message, 1_000, Code.UNAVAILABLE);
  }
  if (
    error instanceof UnavailableError ||
    error instanceof MissingArtifactError ||
    error instanceof PhotoProcessError
  ) {
    const message = 'The storage or another part of the service is not available right now: try again.';
    return refuseUntil(ErrorReason.UNAVAILABLE, message, 2_000, Code.UNAVAILABLE, { cause: error });
  }
  const message = 'An internal error occurred. Try again; if it happens again, contact the operator of this service.';
  return refuse(Code.INTERNAL, ErrorReason.INTERNAL, message, [], { cause: error });
}

function refusalOfBody({ refusal, message }: BodyError): RpcError {
  switch (refusal) {
    case 'busy':
      return refuseUntil(ErrorReason.SYSTEM_BUSY, message, 5_000);
    case 'too-slow':
      return refuse(Code.DEADLINE_EXCEEDED, ErrorReason.TOOK_TOO_LONG, message);
    case 'too-large':
      return refuse(Code.INVALID_ARGUMENT, ErrorReason.REQUEST_TOO_LARGE, message);
  }
}

/** The maximum length of a message, in UTF-16 code units. Connect's own messages repeat values of the request. */
const MAX_MESSAGE_LENGTH = 1_000;

/**
 * Converts anything that was thrown to the error that Connect sends. An error of Connect itself gets a reason of this API.
 * Messages are shortened, and lone surrogates are replaced, because they cannot be encoded in a trailer.
 * @param input the message of the method; errors of JSON name its fields. Default: they name no field.
 */
export function toConnectError(error: unknown, input: DescMessage = EmptySchema): ConnectError {
  const refusal = error instanceof ConnectError ? refusalOfConnect(error, input) : refusalOf(error);
  if (refusal === null) return withSafeMessage(error as ConnectError);
  const details = DETAILS.flatMap((desc) => refusal.find(desc).map((value) => ({ desc, value })));
  const { message, code, cause } = refusal;
  return new ConnectError(safeMessage(message), toConnectCode(code), headersOf(refusal), details, cause);
}

/** The headers of an error over HTTP. In gRPC they are trailers. */
function headersOf(refusal: RpcError): Record<string, string> {
  const [retry] = refusal.find(RetryInfoSchema);
  const seconds = retry?.retryDelay && Math.ceil(durationMs(retry.retryDelay) / 1000);
  return {
    ...(seconds !== undefined && { 'retry-after': String(seconds) }),
    // RFC 9110, section 11.6.1: every 401 has it.
    ...(refusal.code === Code.UNAUTHENTICATED && { 'www-authenticate': 'Bearer' }),
  };
}

const safeMessage = (message: string): string =>
  (message.length > MAX_MESSAGE_LENGTH ? `${message.slice(0, MAX_MESSAGE_LENGTH)}…` : message).toWellFormed();

function withSafeMessage(error: ConnectError): ConnectError {
  const message = safeMessage(error.rawMessage);
  if (message === error.rawMessage) return error;
  const safe = new ConnectError(message, error.code, error.metadata, undefined, error.cause);
  safe.details = error.details;
  return safe;
}

/** The codes of Connect by number. Both libraries use the numbers of gRPC. */
const CONNECT_CODES: ReadonlyMap<number, ConnectCode> = new Map(
  Object.values(ConnectCode).flatMap((code) => (typeof code === 'number' ? [[code, code] as const] : [])),
);

const toConnectCode = (code: Code): ConnectCode => CONNECT_CODES.get(code) ?? ConnectCode.Internal;
