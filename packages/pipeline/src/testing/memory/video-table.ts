import { create } from '@bufbuild/protobuf';
import { QueueStateSchema } from '../../domain/messages.ts';
import type { QueueState } from '../../domain/messages.ts';
import type { QueueTurns } from '../../domain/ports/queue-turns.ts';
import type { StoredRecord } from '../../domain/ports/records.ts';
import type { TableChange, VideoTable } from '../../domain/ports/video-table.ts';
import type { MemoryRecords } from './records.ts';

/** A video table that lags until a test refreshes it. */
export interface MemoryTable extends VideoTable {
  /** Reads every record, as the watch of a real table delivers them. */
  refresh(): void;
  /** Turns that are saved here are in the table immediately. */
  readonly turns: QueueTurns;
}

export function createMemoryTable(records: MemoryRecords): MemoryTable {
  const videos = new Map<string, StoredRecord>();
  const listeners = new Set<(change: TableChange) => void>();
  let queueState: QueueState | null = null;

  function apply(stored: StoredRecord): void {
    const { videoId } = stored.record;
    if ((videos.get(videoId)?.revision ?? 0) >= stored.revision) return;
    videos.set(videoId, stored);
    for (const listener of listeners) listener({ videoId, stored });
  }

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
    refresh() {
      const all = records.all();
      const known = new Set(all.map(({ record }) => record.videoId));
      for (const videoId of videos.keys()) if (!known.has(videoId)) videos.delete(videoId);
      all.forEach(apply);
    },
    turns: {
      save(turn) {
        queueState = create(QueueStateSchema, { owner: turn.owner, deficits: { ...turn.deficits } });
        return Promise.resolve();
      },
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
