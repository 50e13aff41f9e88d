import type { Artifact, Lifetime } from '../messages.ts';

/** The artifact is gone, or what is there is not what was written. It has to be made again. */
export class MissingArtifactError extends Error {
  override readonly name = 'MissingArtifactError';
  readonly artifact: Artifact;

  constructor(artifact: Artifact, reason: string, options?: ErrorOptions) {
    super(`the artifact ${artifact.name} ${reason}`, options);
    this.artifact = artifact;
  }
}

/** Where stages leave what the next ones need. NATS' object store fills it; an S3 store could as well. */
export interface Artifacts {
  /**
   * Stores bytes under a name that is never used again: `name`, with a suffix where a first write broke.
   * @throws UnavailableError, StorageFullError
   */
  put(lifetime: Lifetime, name: string, part: string, data: Uint8Array, signal?: AbortSignal): Promise<Artifact>;
  /**
   * Reads it whole, its digest checked.
   * @throws MissingArtifactError, UnavailableError
   */
  get(artifact: Artifact, signal?: AbortSignal): Promise<Uint8Array>;
  /**
   * Removes it without a trace; one that is not there is fine.
   * @throws UnavailableError
   */
  remove(lifetime: Lifetime, name: string): Promise<void>;
  /** Names of all that are complete, whether a record refers to them or not. */
  list(lifetime: Lifetime): Promise<string[]>;
  /** When one was complete, milliseconds since 1970; null where it is gone. */
  time(lifetime: Lifetime, name: string): Promise<number | null>;
  /** Removes what broken writes left behind and is older than `age` milliseconds. @returns how many. */
  removeBroken(lifetime: Lifetime, age: number): Promise<number>;
}
