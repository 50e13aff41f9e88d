import type { QueueState } from '../messages.ts';
import type { StoredRecord } from './records.ts';

/** A change of one video: its newest record, or null once the video has been removed. */
export interface TableChange {
  readonly videoId: string;
  readonly stored: StoredRecord | null;
}

/** All records in memory, kept up to date by one watch per process. It may lag behind the storage by a moment. */
export interface VideoTable extends AsyncDisposable {
  readonly videos: ReadonlyMap<string, StoredRecord>;
  /** The state of the deficit round robin; null before the first video was admitted. */
  readonly queueState: QueueState | null;
  /** Applies a change that this process made itself, before the watch delivers it. */
  apply(stored: StoredRecord): void;
  /** @returns a function that ends the subscription. */
  subscribe(listener: (change: TableChange) => void): () => void;
}
