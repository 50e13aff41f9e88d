/** Why a file cannot be checked. */
export type MediaErrorReason =
  /** It is empty, damaged, too large or of another format, or takes too much memory. */
  | 'UNREADABLE'
  /** Reading it, or looking for its mark, took too long. */
  | 'TIMEOUT';

/** A file that cannot be checked. The message tells the sender what is wrong, and what to do. */
export class MediaError extends Error {
  override readonly name = 'MediaError';
  readonly reason: MediaErrorReason;

  constructor(reason: MediaErrorReason, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

/** A file could not be checked in the time for it. */
export const tooSlowError = (cause: unknown): MediaError =>
  new MediaError('TIMEOUT', 'The file could not be checked in time. Send a shorter or smaller one.', { cause });

/** Checking a file takes more memory than there is for it. */
export const tooComplexError = (cause: unknown): MediaError =>
  new MediaError('UNREADABLE', 'The file takes too much memory to be checked. Send a shorter or smaller one.', {
    cause,
  });

/** Too many files are being checked. This one can be sent again in a few seconds. */
export class MediaWaitingError extends Error {
  override readonly name = 'MediaWaitingError';

  constructor() {
    super('Many files are being checked at the moment: try again in a few seconds.');
  }
}
