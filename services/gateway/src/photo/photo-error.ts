/** Why a photo is refused; stable, for programs. */
export type PhotoErrorReason =
  | 'EMPTY'
  /** More bytes than are accepted. */
  | 'TOO_LARGE'
  /** More pixels than are accepted, or more than there is memory to decode them with. */
  | 'TOO_MANY_PIXELS'
  /** A side has too few pixels, as it is or after a very long photo was scaled down. */
  | 'TOO_SMALL'
  /** Cut off, or damaged otherwise. */
  | 'TRUNCATED'
  | 'UNSUPPORTED_FORMAT'
  /** What iPhones take by default. */
  | 'HEIC_NOT_SUPPORTED'
  /** Decoding took longer than is allowed. */
  | 'TIMEOUT';

/** A photo that can't be used. The message is for the person who sent it: what is wrong with it, and what to do. */
export class PhotoError extends Error {
  override readonly name = 'PhotoError';
  readonly reason: PhotoErrorReason;

  constructor(reason: PhotoErrorReason, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

/** Too many photos are waiting already; the photo may be fine. Sending it again in some seconds may work. */
export class PhotosWaitingError extends Error {
  override readonly name = 'PhotosWaitingError';

  constructor(waiting: number) {
    super(`${waiting} photos are waiting to be read already; try again in some seconds`);
  }
}

/** The process that decodes photos ended by itself, or could not be started: a fault of the service, not of a photo. */
export class PhotoProcessError extends Error {
  override readonly name = 'PhotoProcessError';
}
