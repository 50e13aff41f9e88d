import type { QuotaRecord } from '../messages.ts';

/** An owner's quota at a revision. */
export interface StoredQuota {
  readonly quota: QuotaRecord;
  /** 0 where nothing is stored yet. */
  readonly revision: number;
}

/** Stores how many videos each owner has. Whether there may be more is decided in `domain/admission/quotas.ts`. */
export interface QuotaStore {
  /** @returns an empty quota where there is none. @throws UnavailableError */
  get(owner: string): Promise<StoredQuota>;
  /**
   * Writes a quota if it is still at a revision.
   *
   * @returns the new revision, or null where another writer was first. @throws UnavailableError
   */
  replace(owner: string, quota: QuotaRecord, revision: number): Promise<number | null>;
  /** Everyone whose quota is stored. @throws UnavailableError */
  owners(): Promise<string[]>;
  /** Removes a quota if it is still at a revision. @returns whether it was. @throws UnavailableError */
  remove(owner: string, revision: number): Promise<boolean>;
}
