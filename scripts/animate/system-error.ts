import { CinematicaError, isUnreachable } from '@cinematica/client';
import type { Reason } from '@cinematica/client';
import { inFlags } from './settings-flags.ts';
import { UsageError } from './usage-error.ts';

/** The system refused a call. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
}

export const isReason = (error: unknown, ...reasons: readonly Reason[]): boolean =>
  error instanceof CinematicaError && error.reason !== '' && reasons.includes(error.reason);

/** Errors of the disk that other files would have, too. */
const DISK_ERRORS: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT', 'EROFS']);

/** Whether an error of one video means that no other can be made: of the system or the disk. */
export function endsEverything(error: unknown): boolean {
  if (error instanceof UsageError || isUnreachable(error)) return true;
  if (error instanceof Error && 'code' in error && DISK_ERRORS.has(error.code)) return true;
  // A limit that could be waited for was waited for.
  if (isReason(error, 'NOT_AUTHENTICATED', 'TOO_MANY_VIDEOS', 'STORAGE_FULL')) return true;
  return false;
}

/** Whether the system refused the settings. Another photo, of another shape, may work with the same ones. */
export const refusesSettings = (error: unknown): boolean =>
  error instanceof CinematicaError && error.violations.length > 0 && !error.reason.startsWith('IMAGE_');

/**
 * Translates an error of the API for the user of the command line, with flags in place of the fields of requests.
 *
 * @param photo the photo's path, for messages
 */
export function describeApiError(error: unknown, photo: string): unknown {
  if (!(error instanceof CinematicaError)) return error;
  const options = { cause: error };
  if (error.reason.startsWith('IMAGE_')) return new RefusedError(`${photo}: ${error.message}`, options);
  if (error.violations.length > 0) {
    const messages = error.violations.map(({ field, description }) => inFlags(field, description));
    return new UsageError(messages.join('; '), options);
  }
  if (error.reason === 'NOT_AUTHENTICATED') {
    return new RefusedError('the system does not know this key: check --api-key or CINEMATICA_API_KEY', options);
  }
  const seconds = Math.round((error.retryDelayMs ?? 0) / 1000);
  const retryHint = seconds > 0 ? ` (try again in ${seconds} s)` : '';
  return new RefusedError(`${error.message}${retryHint}`, options);
}
