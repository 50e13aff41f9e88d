/** The storage or the queue did not answer in time, so the outcome of the request is unknown. It can be retried later. */
export class UnavailableError extends Error {
  override readonly name: string = 'UnavailableError';
}

/** A storage limit is reached. Retrying succeeds only after something has been deleted. */
export class StorageFullError extends UnavailableError {
  override readonly name = 'StorageFullError';
}

/** No space is left on a device of this machine, such as the one of its temporary files. */
export class NoSpaceError extends UnavailableError {
  override readonly name = 'NoSpaceError';
}

const NO_SPACE_CODES: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT']);

/** Whether an error, or one of its causes, says that no space is left on a device. */
export function isNoSpace(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof NoSpaceError) return true;
  return ('code' in error && NO_SPACE_CODES.has(error.code)) || isNoSpace(error.cause);
}
