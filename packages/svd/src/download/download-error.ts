/** A checkpoint or one of its files cannot be downloaded. The message is one line for the user. */
export class DownloadError extends Error {
  override readonly name = 'DownloadError';
  /** Whether a later attempt may succeed. */
  readonly transient: boolean;

  constructor(message: string, options: ErrorOptions & { readonly transient?: boolean } = {}) {
    super(message, options);
    this.transient = options.transient ?? false;
  }
}
