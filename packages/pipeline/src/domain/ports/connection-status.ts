/** The state of the connection to the messaging server. */
export interface ConnectionStatus {
  /** Whether it was closed for good. A lost connection is re-established, and is not closed. */
  readonly closed: boolean;
  /** @param onReconnect called after a lost connection has been re-established. */
  watch(onReconnect?: () => void): ConnectionWatch;
}

export interface ConnectionWatch {
  /** Whether the server was unreachable at some moment in the last `within` milliseconds. */
  wasAway(within: number): boolean;
  /** The promise resolves once the server has been unreachable for `after` milliseconds from now on. */
  lost(after: number): { readonly promise: Promise<null> } & Disposable;
  end(): void;
}
