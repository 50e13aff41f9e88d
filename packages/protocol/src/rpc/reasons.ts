import { durationFromMs } from '@bufbuild/protobuf/wkt';
import { status } from '@grpc/grpc-js';
import { BadRequestSchema, ERROR_DOMAIN, ErrorInfoSchema, RetryInfoSchema } from '../error-details.ts';
import { ErrorReason, ErrorReasonSchema } from '../gen/cinematica/v1/error_reason_pb.ts';
import { RpcError } from './rpc-error.ts';
import type { ErrorDetail } from './rpc-error.ts';

const PREFIX = 'ERROR_REASON_';

/** More violations would say no more to anyone, and errors travel in trailers. */
const MAX_VIOLATIONS = 16;

/** An error with its reason as `google.rpc.ErrorInfo`; `message` is for the person who gets it. */
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

/** INVALID_ARGUMENT that names fields: `field` is a path such as `settings.frames`. */
export function refuseFields(
  violations: readonly { readonly field: string; readonly description: string }[],
  reason: ErrorReason = ErrorReason.INVALID_REQUEST,
): RpcError {
  const message = violations.map(({ field, description }) => (field ? `${field}: ${description}` : description));
  const value = { fieldViolations: violations.slice(0, MAX_VIOLATIONS).map((violation) => ({ ...violation })) };
  return refuse(status.INVALID_ARGUMENT, reason, message.join('; '), [{ desc: BadRequestSchema, value }]);
}

/** RESOURCE_EXHAUSTED that says when to come back. */
export function refuseUntil(reason: ErrorReason, message: string, retryMs: number): RpcError {
  const value = { retryDelay: durationFromMs(retryMs) };
  return refuse(status.RESOURCE_EXHAUSTED, reason, message, [{ desc: RetryInfoSchema, value }]);
}

/** The reason that an error of ours gives; UNSPECIFIED for others. */
export function reasonOf(error: RpcError): ErrorReason {
  const info = error.find(ErrorInfoSchema).find(({ domain }) => domain === ERROR_DOMAIN);
  const value = ErrorReasonSchema.values.find(({ name }) => name === `${PREFIX}${info?.reason ?? 'UNSPECIFIED'}`);
  return (value?.number ?? ErrorReason.UNSPECIFIED) as ErrorReason;
}

const nameOf = (reason: ErrorReason) =>
  ErrorReasonSchema.values.find(({ number }) => number === reason)!.name.slice(PREFIX.length);
