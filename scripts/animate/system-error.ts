import { Code, ConnectError } from '@connectrpc/connect';
import { BadRequestSchema, ERROR_DOMAIN, ErrorInfoSchema, RetryInfoSchema } from '@cinematica/protocol/error-details';
import { inFlags } from './settings-flags.ts';
import { UsageError } from './usage-error.ts';

/** A system refuses something, or a video could not be made. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
}

/** A system is out of reach. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError';
}

const AWAY: ReadonlySet<Code> = new Set([Code.Unavailable, Code.Aborted, Code.DeadlineExceeded]);

/** Whether it may work when it is tried again. */
export const isAway = (error: unknown): boolean =>
  error instanceof UnreachableError || (error instanceof ConnectError && (AWAY.has(error.code) || isBroken(error)));

/** Whether it is a signal's doing. */
export const isBrokenOff = (error: unknown): boolean =>
  error instanceof ConnectError
    ? error.code === Code.Canceled
    : error instanceof Error && (error.name === 'AbortError' || isBrokenOff(error.cause));

/** Whether it is the network's doing: Connect has no code of its own for all of it. */
const isBroken = ({ cause }: Error): boolean => cause instanceof Error && ('syscall' in cause || isBroken(cause));

/** Why a system refuses something, in its API's own word; empty for what is not said by one of ours. */
export const reasonOf = (error: unknown): string =>
  (error instanceof ConnectError ? error.findDetails(ErrorInfoSchema) : []).find(
    ({ domain }) => domain === ERROR_DOMAIN,
  )?.reason ?? '';

/**
 * What a system refuses, for the person at the command line: its fields by their flags.
 *
 * @param photo what messages call the photo
 */
export function inWords(error: unknown, photo: string): unknown {
  if (!(error instanceof ConnectError)) return error;
  const violations = error.findDetails(BadRequestSchema).flatMap(({ fieldViolations }) => fieldViolations);
  const reason = reasonOf(error);
  const options = { cause: error };
  if (reason.startsWith('IMAGE_')) return new RefusedError(`${photo}: ${error.rawMessage}`, options);
  if (violations.length > 0) {
    const told = violations.map(({ field, description }) => inFlags(field, description));
    return new UsageError(told.join('; '), options);
  }
  if (reason === 'NOT_AUTHENTICATED') {
    return new RefusedError('the system does not know this key: check --api-key or CINEMATICA_API_KEY', options);
  }
  const [retry] = error.findDetails(RetryInfoSchema);
  const seconds = Number(retry?.retryDelay?.seconds ?? 0n);
  const again = seconds > 0 ? ` (again in ${seconds} s)` : '';
  return new RefusedError(`${error.rawMessage || `the system answered ${Code[error.code]}`}${again}`, options);
}
