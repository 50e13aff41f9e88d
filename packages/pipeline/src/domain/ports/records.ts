import type { VideoRecord } from '../messages.ts';

/** Identifies a video. A video of another owner is reported as unknown, because the owner is part of the key. */
export interface VideoRef {
  readonly owner: string;
  readonly videoId: string;
}

/** A record and the revision at which it was read or written. */
export interface StoredRecord {
  readonly record: VideoRecord;
  readonly revision: number;
}

/** One revision in the history of a record. */
export interface Revision extends StoredRecord {
  /** When it was written, milliseconds since 1970. */
  readonly time: number;
}

/** The video does not exist, or it belongs to another owner. */
export class UnknownVideoError extends Error {
  override readonly name = 'UnknownVideoError';
}

/** The outcome of a change: whether the record must be written, and a value for the caller. */
export interface Changed<T> {
  readonly changed: boolean;
  readonly result: T;
}

/** Modifies a record in place. When it reports `changed: false`, nothing is written. */
export type Change<T> = (record: VideoRecord) => Changed<T>;

/** The outcome of an update. */
export interface Updated<T> extends Changed<T> {
  /** The record as it is stored now. */
  readonly stored: StoredRecord;
}

/** The result of a change that modified the record. */
export function changed(): Changed<undefined>;
export function changed<T>(result: T): Changed<T>;
export function changed<T>(result?: T): Changed<T | undefined> {
  return { changed: true, result };
}

/** The result of a change that left the record as it was. */
export function unchanged(): Changed<undefined>;
export function unchanged<T>(result: T): Changed<T>;
export function unchanged<T>(result?: T): Changed<T | undefined> {
  return { changed: false, result };
}

/** Stores the records of the videos. Every change is a compare-and-set on the revision. */
export interface Records {
  /** @returns null when the video does not exist. @throws UnavailableError */
  get(ref: VideoRef): Promise<StoredRecord | null>;
  /** @returns every revision that is still kept, oldest first; empty when the video does not exist. @throws UnavailableError */
  history(ref: VideoRef): Promise<Revision[]>;
  /** @returns null when a record with this key exists already. @throws UnavailableError */
  create(record: VideoRecord): Promise<StoredRecord | null>;
  /**
   * Applies a change to the newest revision. It is applied again when another writer was faster, and when the outcome of
   * a write is unknown; a change must therefore recognise that it has been made already.
   * @throws UnknownVideoError
   * @throws UnavailableError when the storage has not answered for `RECORD_TIMEOUT_MS`.
   * @throws whatever `change` throws.
   */
  update<T>(ref: VideoRef, change: Change<T>, signal?: AbortSignal): Promise<Updated<T>>;
  /**
   * Like `update`, but tries the given revision first, which saves a read. Falls back to `update` when that revision is
   * no longer the newest, or when the change does not apply to it.
   */
  updateFrom<T>(known: StoredRecord, change: Change<T>, signal?: AbortSignal): Promise<Updated<T>>;
  /** Removes a record and its history. Watchers see the removal. @throws UnavailableError */
  purge(ref: VideoRef): Promise<void>;
  /** @returns the ids of an owner's videos, newest first. @throws UnavailableError */
  list(owner: string): Promise<string[]>;
}
