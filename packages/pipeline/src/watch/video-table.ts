import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import type { KvWatchEntry } from '@nats-io/kv';
import { setTimeout as delay } from 'node:timers/promises';
import type { Log } from '../log.ts';
import { QueueStateSchema, VideoRecordSchema } from '../messages.ts';
import type { QueueState } from '../messages.ts';
import { QUEUE_STATE_KEY } from '../names.ts';
import type { Records, StoredRecord } from '../records/records.ts';
import { lostRace, reaching } from '../unavailable.ts';

/** A change of a video: its record at a new revision, or null once it is gone for good. */
export interface TableChange {
  readonly videoId: string;
  readonly stored: StoredRecord | null;
}

/** All records, as the one watch that a gateway has sees them: a moment behind the truth. */
export interface VideoTable extends AsyncDisposable {
  readonly videos: ReadonlyMap<string, StoredRecord>;
  /** Where deficit round robin stands. */
  readonly queueState: QueueState | null;
  /** Takes a change that its maker knows before the watch does. */
  apply(stored: StoredRecord): void;
  /** @returns what ends it. */
  subscribe(listener: (change: TableChange) => void): () => void;
}

/** Begins to watch. @returns once every record that there is has been seen. */
export async function openVideoTable(records: Records, log: Log): Promise<VideoTable> {
  const videos = new Map<string, StoredRecord>();
  const listeners = new Set<(change: TableChange) => void>();
  const ended = new AbortController();
  let queueState: QueueState | null = null;
  let queueRevision = 0;
  let stop: () => void = () => undefined;

  const tell = (change: TableChange) => {
    for (const listener of listeners) listener(change);
  };

  function apply(stored: StoredRecord): void {
    const { videoId } = stored.record;
    if ((videos.get(videoId)?.revision ?? 0) >= stored.revision) return;
    videos.set(videoId, stored);
    tell({ videoId, stored });
  }

  function take(entry: KvWatchEntry): void {
    if (entry.key === QUEUE_STATE_KEY) {
      if (entry.operation !== 'PUT' || entry.revision < queueRevision) return;
      queueRevision = entry.revision;
      queueState = fromBinary(QueueStateSchema, entry.value);
    } else if (entry.operation === 'PUT') {
      apply({ record: fromBinary(VideoRecordSchema, entry.value), revision: entry.revision });
    } else {
      const videoId = entry.key.slice(entry.key.lastIndexOf('.') + 1);
      if (videos.delete(videoId)) tell({ videoId, stored: null });
    }
  }

  /** One watch, until it ends. */
  async function follow(onComplete: () => void): Promise<void> {
    const entries = await records.bucket.watch({ key: ['v.*.*', QUEUE_STATE_KEY] });
    stop = () => entries.stop();
    if (ended.signal.aborted) {
      stop();
      return;
    }
    for await (const entry of entries) {
      take(entry);
      if (entry.isUpdate || entry.delta === 0) onComplete();
    }
  }

  let onComplete: () => void = () => undefined;
  const complete = new Promise<void>((resolve) => (onComplete = resolve));
  const hasEnded = () => ended.signal.aborted;
  async function keepFollowing(): Promise<void> {
    while (!hasEnded()) {
      try {
        await follow(onComplete);
      } catch (error) {
        if (hasEnded()) return;
        log.warn('the watch of the records broke off and begins anew', { reason: String(error) });
      }
      await delay(250, undefined, { signal: ended.signal }).catch(() => undefined);
    }
  }
  // So that there is always something to see, and an empty bucket does not look like one that is slow to answer.
  await reaching('opening the queue', () =>
    records.bucket.create(QUEUE_STATE_KEY, toBinary(QueueStateSchema, create(QueueStateSchema))),
  ).catch((error: unknown) => {
    if (!lostRace(error)) throw error;
  });
  const following = keepFollowing();
  await complete;

  return {
    videos,
    get queueState() {
      return queueState;
    },
    apply,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async [Symbol.asyncDispose]() {
      ended.abort();
      stop();
      onComplete();
      await following;
    },
  };
}
