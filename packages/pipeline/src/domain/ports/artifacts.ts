import type { Artifact, Lifetime } from '../messages.ts';

/** The artifact is gone, or its content is not what was written. The stage that made it has to make it again. */
export class MissingArtifactError extends Error {
  override readonly name = 'MissingArtifactError';
  readonly artifact: Artifact;

  constructor(artifact: Artifact, reason: string, options?: ErrorOptions) {
    super(`the artifact ${artifact.name} ${reason}`, options);
    this.artifact = artifact;
  }
}

/** What to read of an artifact. */
export interface ReadOptions {
  /** The first and the last byte, which must be within the artifact; by default the whole artifact. */
  readonly range?: { readonly first: number; readonly last: number } | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** How much is stored. */
export interface Amount {
  readonly objects: number;
  readonly bytes: number;
}

/** Stores the files that a stage leaves for the next one. */
export interface Artifacts {
  /**
   * Checks that the store answers, lets this process in, and belongs to this installation. Whether NATS works, the canary shows.
   * @throws UnavailableError that says what is wrong.
   */
  check(signal?: AbortSignal): Promise<void>;
  /**
   * Checks that there is room for more artifacts, so that a video is not accepted and then waits for room, or computed and then
   * not stored.
   * @param mediaBytes what the files of videos will take that are accepted and not finished, with those of a new one. Default 0.
   * @throws StorageFullError when less than a sixteenth of a bucket's limit would be left.
   * @throws UnavailableError
   */
  requireRoom(mediaBytes?: number): Promise<void>;
  /**
   * Stores bytes under a name that is never reused. The stored name is `name`, or `name` with a suffix when a first
   * attempt failed.
   * @throws UnavailableError, StorageFullError
   */
  put(lifetime: Lifetime, name: string, part: string, data: Uint8Array, signal?: AbortSignal): Promise<Artifact>;
  /**
   * Reads the whole artifact and checks its digest.
   * @throws MissingArtifactError, UnavailableError
   */
  get(artifact: Artifact, signal?: AbortSignal): Promise<Uint8Array>;
  /**
   * Reads an artifact, or a range of its bytes, in parts of at most a megabyte. A part is read when it is asked for. The
   * digest is checked before the last part of a whole artifact; that of a range cannot be.
   * @throws MissingArtifactError, UnavailableError, the signal's reason; also after some parts.
   */
  stream(artifact: Artifact, options?: ReadOptions): AsyncGenerator<Uint8Array, void, undefined>;
  /** Removes an artifact. Does nothing when it does not exist. @throws UnavailableError */
  remove(lifetime: Lifetime, name: string): Promise<void>;
  /**
   * Lists complete artifacts, whether or not a record refers to them.
   * @param videoId only those of this video; by default all.
   * @returns their names.
   * @throws UnavailableError
   */
  list(lifetime: Lifetime, videoId?: string): Promise<string[]>;
  /**
   * What there was in S3 when this process last listed all artifacts with a lifetime, as the housekeeper does; null before that, and
   * when it has not done so for two collections, because another process does. For metrics: NATS tells at any time how much it stores.
   */
  listed(lifetime: Lifetime): Amount | null;
  /** @returns when an artifact was completed, milliseconds since 1970; null when it does not exist. @throws UnavailableError */
  time(lifetime: Lifetime, name: string): Promise<number | null>;
  /**
   * Removes the remains of failed writes.
   * @param age milliseconds; younger remains are kept, because they may belong to a write in progress.
   * @returns how many artifacts' remains were removed.
   * @throws UnavailableError
   */
  removeBroken(lifetime: Lifetime, age: number): Promise<number>;
}
