/** A file in a form. */
export class UploadedFile {
  readonly bytes: Uint8Array;
  /** The media type that the client declared, such as `image/png`. It is not trusted. */
  readonly declaredType: string;

  constructor(bytes: Uint8Array, declaredType: string) {
    this.bytes = bytes;
    this.declaredType = declaredType;
  }
}
