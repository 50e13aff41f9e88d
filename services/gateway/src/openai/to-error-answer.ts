import { BadRequestSchema, Code, reasonOf, RetryInfoSchema } from '@cinematica/protocol';
import type { RpcError } from '@cinematica/protocol';
import { ErrorReason, ErrorReasonSchema } from '@cinematica/protocol/v1';
import { durationMs } from '@bufbuild/protobuf/wkt';
import { PhotoError } from '../photo/photo-error.ts';
import { refusalOf } from '../rpc/errors.ts';
import { ApiError, errorType } from './api-error.ts';
import type { ErrorAnswer } from './schema/answers.ts';

/** An answer that reports an error. */
export interface ErrorResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: ErrorAnswer;
  /** The cause of an internal error or an unavailable part, to be logged; null for errors of the caller. */
  readonly cause: unknown;
}

const STATUSES: Readonly<Partial<Record<Code, number>>> = {
  [Code.INVALID_ARGUMENT]: 400,
  [Code.FAILED_PRECONDITION]: 400,
  [Code.UNAUTHENTICATED]: 401,
  [Code.PERMISSION_DENIED]: 403,
  [Code.NOT_FOUND]: 404,
  [Code.DEADLINE_EXCEEDED]: 408,
  [Code.ALREADY_EXISTS]: 409,
  [Code.RESOURCE_EXHAUSTED]: 429,
  [Code.UNIMPLEMENTED]: 501,
  [Code.UNAVAILABLE]: 503,
};

/** Reasons that clients of OpenAI know by another code. */
const CODES: Readonly<Partial<Record<ErrorReason, string>>> = {
  [ErrorReason.NOT_AUTHENTICATED]: 'invalid_api_key',
  [ErrorReason.TOO_MANY_REQUESTS]: 'rate_limit_exceeded',
  [ErrorReason.MODEL_UNKNOWN]: 'model_not_found',
};

/** The fields of this API by those of `CreateVideoRequest`. Other settings have the same names. */
const PARAMS: Readonly<Record<string, string>> = {
  image: 'input_reference',
  image_url: 'input_reference',
  source: 'input_reference',
  continue_from: 'video',
  request_id: 'idempotency-key',
  'settings.frames': 'num_frames',
  'settings.frame_rate': 'fps',
  'settings.steps': 'num_inference_steps',
  'settings.max_guidance': 'guidance_scale',
};

/** Converts anything that was thrown to the answer that the client receives. */
export function toErrorAnswer(error: unknown): ErrorResponse {
  if (error instanceof ApiError) {
    const { status, code, param, message, headers } = error;
    return { status, headers, body: bodyOf(status, message, code, param), cause: null };
  }
  const refusal = refusalOf(error);
  const reason = reasonOf(refusal);
  const status = statusOf(refusal, reason);
  const fields = refusal.find(BadRequestSchema).flatMap(({ fieldViolations }) => fieldViolations);
  const param = error instanceof PhotoError ? 'input_reference' : fields[0] ? paramOf(fields[0].field) : null;
  const message =
    fields.length > 0
      ? fields.map(({ field, description }) => prefixed(paramOf(field), description)).join('; ')
      : refusal.message;
  return {
    status,
    headers: headersOf(refusal, status),
    body: bodyOf(status, message, CODES[reason] ?? nameOf(reason), param),
    cause: status >= 500 ? (refusal.cause ?? error) : null,
  };
}

function bodyOf(status: number, message: string, code: string, param: string | null): ErrorAnswer {
  return { error: { message: message.toWellFormed(), type: errorType(status), param, code } };
}

function statusOf({ code }: RpcError, reason: ErrorReason): number {
  if (reason === ErrorReason.MODEL_UNKNOWN) return 404;
  if (reason === ErrorReason.REQUEST_TOO_LARGE) return 413;
  return STATUSES[code] ?? 500;
}

/** Clients read `retry-after-ms` first, and repeat a request with the status 409 unless they are told not to. */
function headersOf(refusal: RpcError, status: number): Record<string, string> {
  if (status === 409) return { 'x-should-retry': 'false' };
  if (status === 401) return { 'www-authenticate': 'Bearer' };
  const [info] = refusal.find(RetryInfoSchema);
  if (!info?.retryDelay) return {};
  const delay = durationMs(info.retryDelay);
  return { 'retry-after': String(Math.max(1, Math.ceil(delay / 1000))), 'retry-after-ms': String(Math.ceil(delay)) };
}

/** The field of this API that stands for one of the other; null for a rule about several fields. */
const paramOf = (field: string): string | null =>
  field === '' || field === 'settings' ? null : (PARAMS[field] ?? field.replace(/^settings\./, ''));

const prefixed = (param: string | null, text: string): string => (param === null ? text : `${param}: ${text}`);

function nameOf(reason: ErrorReason): string {
  const name = ErrorReasonSchema.values.find(({ number }) => number === reason)?.name ?? 'ERROR_REASON_INTERNAL';
  return name.slice('ERROR_REASON_'.length).toLowerCase();
}
