/** A weights file, an index or a folder of them that can't be used. The message is one line: the path, then why. */
export class SafetensorsError extends Error {
  override readonly name = 'SafetensorsError';
  /** The file or folder the error is about. */
  readonly path: string;

  constructor(path: string, reason: string, options?: ErrorOptions) {
    super(`${path}: ${reason}`, options);
    this.path = path;
  }
}
