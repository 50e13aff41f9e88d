/** A checkpoint, or a file of it, that can't be had; the message is one line for the person who asked for it. */
export class FetchError extends Error {
  override readonly name = 'FetchError';
  /** Whether another attempt a little later may do. */
  readonly transient: boolean;

  constructor(message: string, options: ErrorOptions & { readonly transient?: boolean } = {}) {
    super(message, options);
    this.transient = options.transient ?? false;
  }
}
