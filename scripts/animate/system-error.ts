import { Code, ConnectError } from '@connectrpc/connect';
import { BadRequestSchema, ERROR_DOMAIN, ErrorInfoSchema, RetryInfoSchema } from '@cinematica/protocol/error-details';
import { inFlags } from './settings-flags.ts';
import { UsageError } from './usage-error.ts';

/** The system refused a call, or the video failed or was cancelled. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
}

/** The system could not be reached. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError';
}

const TEMPORARY: ReadonlySet<Code> = new Set([Code.Unavailable, Code.Aborted, Code.DeadlineExceeded]);

/** Whether the system could not be reached, so that another attempt may succeed. */
export const isUnreachable = (error: unknown): boolean =>
  error instanceof UnreachableError ||
  (error instanceof ConnectError && (TEMPORARY.has(error.code) || isNetworkError(error)));

/** Whether a signal aborted the call. */
export const isCancelled = (error: unknown): boolean =>
  error instanceof ConnectError
    ? error.code === Code.Canceled
    : error instanceof Error && (error.name === 'AbortError' || isCancelled(error.cause));

/** Whether the network failed. Connect has no code for some of these errors. */
const isNetworkError = ({ cause }: Error): boolean =>
  cause instanceof Error && ('syscall' in cause || isNetworkError(cause));

/** The ErrorReason of the API. Empty for errors that the API did not report. */
export const reasonOf = (error: unknown): string =>
  (error instanceof ConnectError ? error.findDetails(ErrorInfoSchema) : []).find(
    ({ domain }) => domain === ERROR_DOMAIN,
  )?.reason ?? '';

/** Reasons that would refuse the next photo, too. A wait is over by then, or would be too long. */
const FOR_ALL_PHOTOS: ReadonlySet<string> = new Set(['NOT_AUTHENTICATED', 'TOO_MANY_VIDEOS', 'STORAGE_FULL']);

/** Errors of the disk that other files would have, too. */
const DISK_ERRORS: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT', 'EROFS']);

/** Whether an error of one video means that no other can be made: of the system, the settings or the disk. */
export function endsEverything(error: unknown): boolean {
  if (error instanceof UsageError || isUnreachable(error)) return true;
  if (error instanceof Error && 'code' in error && DISK_ERRORS.has(error.code)) return true;
  if (!(error instanceof ConnectError)) return false;
  const reason = reasonOf(error);
  return FOR_ALL_PHOTOS.has(reason) || (!reason.startsWith('IMAGE_') && error.findDetails(BadRequestSchema).length > 0);
}

/**
 * Translates an error of the API for the user of the command line, with flags in place of the fields of requests.
 *
 * @param photo the photo's path, for messages
 */
export function describeApiError(error: unknown, photo: string): unknown {
  if (!(error instanceof ConnectError)) return error;
  const violations = error.findDetails(BadRequestSchema).flatMap(({ fieldViolations }) => fieldViolations);
  const reason = reasonOf(error);
  const options = { cause: error };
  if (reason.startsWith('IMAGE_')) return new RefusedError(`${photo}: ${error.rawMessage}`, options);
  if (violations.length > 0) {
    const messages = violations.map(({ field, description }) => inFlags(field, description));
    return new UsageError(messages.join('; '), options);
  }
  if (reason === 'NOT_AUTHENTICATED') {
    return new RefusedError('the system does not know this key: check --api-key or CINEMATICA_API_KEY', options);
  }
  const [retry] = error.findDetails(RetryInfoSchema);
  const seconds = Number(retry?.retryDelay?.seconds ?? 0n);
  const retryHint = seconds > 0 ? ` (try again in ${seconds} s)` : '';
  return new RefusedError(`${error.rawMessage || `the system answered ${Code[error.code]}`}${retryHint}`, options);
}
