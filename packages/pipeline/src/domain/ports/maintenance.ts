import type { StoredRecord } from './records.ts';

/** Removes what the storage keeps longer than the pipeline needs it. Every method throws UnavailableError. */
export interface Maintenance {
  /**
   * Removes task messages that were acknowledged and reappeared when the server crashed.
   * @returns how many.
   */
  purgeAcknowledged(): Promise<number>;
  /**
   * Removes all revisions of each record before the given one.
   * @returns how many revisions were removed.
   */
  trimHistories(records: readonly StoredRecord[]): Promise<number>;
  /**
   * Removes the deletion markers of purged keys, which contain the ids of owners and videos.
   * @param age milliseconds; younger markers are kept until every gateway has seen them.
   * @returns how many.
   */
  removeMarkers(age: number): Promise<number>;
  removePreview(videoId: string): Promise<void>;
}
