/** A limit is reached; after `retrySeconds` there may be room again. */
export class OverLimitError extends Error {
  override readonly name = 'OverLimitError';
  readonly retrySeconds: number;
  /** Whose limit it is. */
  readonly scope: 'caller' | 'system';

  constructor(message: string, retrySeconds: number, scope: 'caller' | 'system' = 'caller') {
    super(message);
    this.retrySeconds = retrySeconds;
    this.scope = scope;
  }
}
