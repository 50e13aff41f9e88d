/** Why a photo is refused. */
export type PhotoErrorReason =
  | 'EMPTY'
  /** The file has too many bytes. */
  | 'TOO_LARGE'
  /** The photo has too many pixels, or needs too much memory to decode. */
  | 'TOO_MANY_PIXELS'
  /** A side is too short, also after a very long photo has been scaled down. */
  | 'TOO_SMALL'
  /** The file is incomplete or damaged. */
  | 'TRUNCATED'
  | 'UNSUPPORTED_FORMAT'
  /** A HEIF photo whose picture is coded neither as HEVC nor as AV1, or in a way that cannot be decoded. */
  | 'HEIF_CODEC_UNSUPPORTED'
  /** Decoding took too long. */
  | 'TIMEOUT';

/** A photo that cannot be used. The message tells the sender what is wrong, and what to do. */
export class PhotoError extends Error {
  override readonly name = 'PhotoError';
  readonly reason: PhotoErrorReason;

  constructor(reason: PhotoErrorReason, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

/** Too many photos are to be decoded: this one was refused, waited too long or was interrupted. It can be sent again in a few seconds. */
export class PhotosWaitingError extends Error {
  override readonly name = 'PhotosWaitingError';

  constructor() {
    super('Too many photos are to be decoded at the moment: try again in a few seconds.');
  }
}

/** The photo process ended unexpectedly, or could not be started. The photo is not the reason. */
export class PhotoProcessError extends Error {
  override readonly name = 'PhotoProcessError';
}
