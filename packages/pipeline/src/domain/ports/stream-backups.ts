/**
 * A stream as the server describes it in a snapshot. A restore gives it back unchanged, except for the replicas, so it also has
 * the fields that this version does not know.
 */
export interface StreamDescription {
  readonly config: Readonly<Record<string, unknown>> & { readonly name: string };
  readonly state: Readonly<Record<string, unknown>> & StreamSize;
}

export interface StreamSize {
  /** The number of stored messages. */
  readonly messages: number;
  /** Their size, bytes. A snapshot is compressed, and usually not larger. */
  readonly bytes: number;
  /** The sequence of the last message; it never decreases. */
  readonly last_seq: number;
}

/** Snapshots of whole streams, with their consumers. */
export interface StreamBackups {
  /** The size of a stream; null when it does not exist. @throws UnavailableError */
  size(stream: string): Promise<StreamSize | null>;
  /**
   * Takes a snapshot. The server checks the checksum of every message first.
   * @param write receives the parts of the snapshot in their order. The server waits for it.
   * @throws UnavailableError when the server does not answer in the time that a stream of this size may take, four hours at most.
   * @throws SnapshotError when the server ends the snapshot early, or sends nothing for half a minute.
   */
  snapshot(stream: string, write: (part: Uint8Array) => Promise<void>): Promise<StreamDescription>;
  /**
   * Creates a stream from a snapshot. A stream of that name must not exist.
   * @param replicas how many servers store it.
   * @returns its size afterwards.
   * @throws UnavailableError when the server may accept it later: it counts the room of a stream that was removed for some
   *   seconds more. SnapshotError when it does not accept it, or no answer came after the first one.
   */
  restore(description: StreamDescription, parts: AsyncIterable<Uint8Array>, replicas: number): Promise<StreamSize>;
  /** Removes a stream with all of its messages. */
  remove(stream: string): Promise<void>;
}

/** The server did not make, or did not accept, a snapshot. */
export class SnapshotError extends Error {
  override readonly name = 'SnapshotError';
}
