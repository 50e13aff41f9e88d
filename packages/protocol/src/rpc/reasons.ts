import { durationFromMs } from '@bufbuild/protobuf/wkt';
import { status } from '@grpc/grpc-js';
import { BadRequestSchema, ERROR_DOMAIN, ErrorInfoSchema, RetryInfoSchema } from '../error-details.ts';
import { ErrorReason, ErrorReasonSchema } from '../gen/cinematica/v1/error_reason_pb.ts';
import { RpcError } from './rpc-error.ts';
import type { ErrorDetail } from './rpc-error.ts';

const PREFIX = 'ERROR_REASON_';

/** Errors are sent in trailers, whose size is limited. */
const MAX_VIOLATIONS = 16;

/** Creates an error with its reason as `google.rpc.ErrorInfo`. `message` is shown to the user. */
export function refuse(
  code: status,
  reason: ErrorReason,
  message: string,
  details: readonly ErrorDetail[] = [],
  options?: ErrorOptions,
): RpcError {
  const info = { reason: nameOf(reason), domain: ERROR_DOMAIN };
  return RpcError.with(message, code, [{ desc: ErrorInfoSchema, value: info }, ...details], options);
}

/** Creates an INVALID_ARGUMENT error with field violations. `field` is a path such as `settings.frames`. */
export function refuseFields(
  violations: readonly { readonly field: string; readonly description: string }[],
  reason: ErrorReason = ErrorReason.INVALID_REQUEST,
): RpcError {
  const message = violations.map(({ field, description }) => (field ? `${field}: ${description}` : description));
  const value = { fieldViolations: violations.slice(0, MAX_VIOLATIONS).map((violation) => ({ ...violation })) };
  return refuse(status.INVALID_ARGUMENT, reason, message.join('; '), [{ desc: BadRequestSchema, value }]);
}

/**
 * Creates an error with the delay after which to retry, in whole seconds and at least one: the header `Retry-After` has no
 * fractions, and many callers that retry after a few milliseconds would only add load.
 *
 * @param retryMs the delay in milliseconds, which is rounded up
 * @param code default RESOURCE_EXHAUSTED
 */
export function refuseUntil(
  reason: ErrorReason,
  message: string,
  retryMs: number,
  code = status.RESOURCE_EXHAUSTED,
  options?: ErrorOptions,
): RpcError {
  const value = { retryDelay: durationFromMs(Math.max(1, Math.ceil(retryMs / 1000)) * 1000) };
  return refuse(code, reason, message, [{ desc: RetryInfoSchema, value }], options);
}

/** The reason of an error of this project; UNSPECIFIED for other errors. */
export function reasonOf(error: RpcError): ErrorReason {
  const info = error.find(ErrorInfoSchema).find(({ domain }) => domain === ERROR_DOMAIN);
  const value = ErrorReasonSchema.values.find(({ name }) => name === `${PREFIX}${info?.reason ?? 'UNSPECIFIED'}`);
  return (value?.number ?? ErrorReason.UNSPECIFIED) as ErrorReason;
}

const nameOf = (reason: ErrorReason) =>
  ErrorReasonSchema.values.find(({ number }) => number === reason)!.name.slice(PREFIX.length);
