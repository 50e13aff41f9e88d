import type { QuotaRecord } from '../messages.ts';

export interface StoredQuota {
  /** An empty quota when none is stored. */
  readonly quota: QuotaRecord;
  /** The revision that the next write must follow; 0 when the key was never written. */
  readonly revision: number;
  readonly exists: boolean;
}

/** Stores how many videos each owner has. Every change is a compare-and-set on the revision. */
export interface QuotaStore {
  /** @throws UnavailableError */
  get(owner: string): Promise<StoredQuota>;
  /** @returns the new revision; null when another writer was faster. @throws UnavailableError */
  put(owner: string, quota: QuotaRecord, revision: number): Promise<number | null>;
  /** @returns false when another writer was faster. @throws UnavailableError */
  remove(owner: string, revision: number): Promise<boolean>;
  /** @returns every owner with a quota. @throws UnavailableError */
  owners(): Promise<string[]>;
}
