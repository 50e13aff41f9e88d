import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import type { KvWatchEntry } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import { setTimeout as delay } from 'node:timers/promises';
import { QueueStateSchema, VideoRecordSchema } from '../domain/messages.ts';
import type { QueueState } from '../domain/messages.ts';
import type { StoredRecord } from '../domain/ports/records.ts';
import type { TableChange, VideoTable } from '../domain/ports/video-table.ts';
import type { PipelineSettings } from '../domain/settings.ts';
import type { Log } from '../telemetry/log.ts';
import { openBucket } from './bucket.ts';
import { isRevisionConflict, withTranslatedErrors } from './errors.ts';
import { QUEUE_STATE_KEY, RECORDS_BUCKET } from './names.ts';

/** The pause before a watch that ended is opened again, milliseconds. */
const REOPEN_DELAY_MS = 250;

/**
 * Watches all records.
 * @returns once every record that exists has been received.
 * @throws UnavailableError
 */
export async function openVideoTable(
  nats: NatsConnection,
  settings: Pick<PipelineSettings, 'REQUEST_TIMEOUT_MS'>,
  log: Log,
): Promise<VideoTable> {
  const bucket = await openBucket(nats, RECORDS_BUCKET, settings);
  const videos = new Map<string, StoredRecord>();
  const listeners = new Set<(change: TableChange) => void>();
  const ended = new AbortController();
  let queueState: QueueState | null = null;
  let queueRevision = 0;
  let stop: () => void = () => undefined;

  const notify = (change: TableChange) => {
    for (const listener of listeners) listener(change);
  };

  function apply(stored: StoredRecord): void {
    const { videoId } = stored.record;
    if ((videos.get(videoId)?.revision ?? 0) >= stored.revision) return;
    videos.set(videoId, stored);
    notify({ videoId, stored });
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
      if (videos.delete(videoId)) notify({ videoId, stored: null });
    }
  }

  /** Opens one watch and processes it until it ends. */
  async function follow(onComplete: () => void): Promise<void> {
    const entries = await bucket.watch({ key: ['v.*.*', QUEUE_STATE_KEY] });
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
        log.warn('the watch of the records failed and is opened again', { reason: String(error) });
      }
      await delay(REOPEN_DELAY_MS, undefined, { signal: ended.signal }).catch(() => undefined);
    }
  }
  // With this key the watch of an otherwise empty bucket delivers an entry too, which marks it as complete.
  await withTranslatedErrors('creating the queue state', () =>
    bucket.create(QUEUE_STATE_KEY, toBinary(QueueStateSchema, create(QueueStateSchema))),
  ).catch((error: unknown) => {
    if (!isRevisionConflict(error)) throw error;
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
