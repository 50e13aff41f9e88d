import { durationMs } from '@bufbuild/protobuf/wkt';
import { BadRequestSchema, ERROR_DOMAIN, ErrorInfoSchema, RetryInfoSchema } from '@cinematica/protocol/error-details';
import type { ErrorReason, Video } from '@cinematica/protocol/v1';
import { Code, ConnectError } from '@connectrpc/connect';

/** The name of an `ErrorReason`, such as `TOO_MANY_VIDEOS`. A newer system may send others. */
export type Reason = Exclude<keyof typeof ErrorReason, 'UNSPECIFIED'>;

/** A field of a request that the system refused. */
export interface FieldViolation {
  /** The path of the field, such as `settings.frames`. */
  readonly field: string;
  readonly description: string;
}

/** The system refused a call. The message is for people. */
export class CinematicaError extends Error {
  override readonly name: string = 'CinematicaError';
  /** The status code of gRPC. */
  readonly code: Code;
  /** Why; empty when the system gave no reason. */
  readonly reason: Reason | '';
  /** The invalid fields of the request. */
  readonly violations: readonly FieldViolation[];
  /** How long to wait before the same call may succeed, in milliseconds; null when waiting does not help. */
  readonly retryDelayMs: number | null;

  constructor(message: string, code: Code, details: Partial<ErrorDetails> = {}, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.reason = details.reason ?? '';
    this.violations = details.violations ?? [];
    this.retryDelayMs = details.retryDelayMs ?? null;
  }

  /** Converts the error of a call. Other errors, such as that of an aborted signal, stay as they are. */
  static from(error: unknown): unknown {
    if (!(error instanceof ConnectError)) return error;
    const info = error.findDetails(ErrorInfoSchema).find(({ domain }) => domain === ERROR_DOMAIN);
    const [retry] = error.findDetails(RetryInfoSchema);
    const details: ErrorDetails = {
      reason: (info?.reason ?? '') as Reason | '',
      violations: error.findDetails(BadRequestSchema).flatMap(({ fieldViolations }) => fieldViolations),
      retryDelayMs: retry?.retryDelay ? durationMs(retry.retryDelay) : null,
    };
    const message = error.rawMessage || `the system answered ${Code[error.code]}`;
    return new CinematicaError(message, error.code, details, { cause: error });
  }
}

interface ErrorDetails {
  readonly reason: Reason | '';
  readonly violations: readonly FieldViolation[];
  readonly retryDelayMs: number | null;
}

/** The system could not be reached, or did not answer any more. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError';
}

/** The video failed, or someone cancelled it. */
export class VideoEndedError extends Error {
  override readonly name = 'VideoEndedError';
  /** In the state FAILED or CANCELLED. `video.error` has the reason of a failure. */
  readonly video: Video;

  constructor(message: string, video: Video) {
    super(message);
    this.video = video;
  }
}

const TEMPORARY: ReadonlySet<Code> = new Set([Code.Unavailable, Code.Aborted, Code.DeadlineExceeded]);

/** Whether the system could not be reached, so that the same call may succeed soon. */
export function isUnreachable(error: unknown): boolean {
  if (error instanceof UnreachableError) return true;
  if (!(error instanceof ConnectError || error instanceof CinematicaError)) return false;
  return TEMPORARY.has(error.code) || isNetworkError(error);
}

/** Whether a signal aborted the call. */
export function isCancelled(error: unknown): boolean {
  if (error instanceof ConnectError || error instanceof CinematicaError) return error.code === Code.Canceled;
  return error instanceof Error && (error.name === 'AbortError' || isCancelled(error.cause));
}

/** Whether the network failed. `fetch` throws a TypeError; Node's errors have a `syscall`. */
const isNetworkError = ({ cause }: Error): boolean =>
  cause instanceof Error && (cause instanceof TypeError || 'syscall' in cause || isNetworkError(cause));
