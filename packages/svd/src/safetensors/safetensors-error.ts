/** A weights file, an index or a folder of weights cannot be used. The message is one line: the path and the reason. */
export class SafetensorsError extends Error {
  override readonly name = 'SafetensorsError';
  /** The file or folder that cannot be used. */
  readonly path: string;

  constructor(path: string, reason: string, options?: ErrorOptions) {
    super(`${path}: ${reason}`, options);
    this.path = path;
  }
}
