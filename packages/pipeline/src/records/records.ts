import { clone, fromBinary, toBinary } from '@bufbuild/protobuf';
import { DeliverPolicy, jetstream } from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import type { KV } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import { setTimeout as delay } from 'node:timers/promises';
import { VideoRecordSchema } from '../messages.ts';
import type { VideoRecord } from '../messages.ts';
import { ownerKeys, RECORDS_BUCKET, RECORDS_STREAM, videoKey } from '../names.ts';
import type { PipelineSettings } from '../settings.ts';
import { inSpan } from '../telemetry/trace.ts';
import { lostRace, reaching, UnavailableError } from '../unavailable.ts';

/** Which video. A foreign one is an unknown one: without its owner there is no key. */
export interface VideoRef {
  readonly owner: string;
  readonly videoId: string;
}

/** A record as it was at a revision. */
export interface StoredRecord {
  readonly record: VideoRecord;
  readonly revision: number;
}

/** A record as it was from a moment on. */
export interface Revision extends StoredRecord {
  /** Milliseconds since 1970. */
  readonly time: number;
}

/** There is no such video, or it is not the caller's. */
export class UnknownVideoError extends Error {
  override readonly name = 'UnknownVideoError';
}

/**
 * Changes a record in place. `false` leaves it as it is, and anything else keeps the change; what it throws comes out of
 * `update`.
 */
export type Change = (record: VideoRecord) => unknown;

/** The records of the videos: read, and changed by compare-and-set only. */
export interface Records {
  /** The bucket, for what watches it. */
  readonly bucket: KV;
  get(ref: VideoRef): Promise<StoredRecord | null>;
  /** Every revision that is kept, oldest first; none of a record that there is not. */
  history(ref: VideoRef): Promise<Revision[]>;
  /** @returns null where the key is taken. */
  create(record: VideoRecord): Promise<StoredRecord | null>;
  /**
   * Applies a change to the newest revision, again after each lost race, and again after a write whose outcome is
   * unknown. So a change must see for itself whether it has been made: it is given what really is.
   * @throws UnknownVideoError, UnavailableError once NATS has not answered for `RECORD_TIMEOUT_MS`, what `change` throws
   */
  update(ref: VideoRef, change: Change, signal?: AbortSignal): Promise<StoredRecord>;
  /**
   * The same for whoever knows what was the newest revision a moment ago: it need not be read first. Where it is the
   * newest no more, or the change does not apply to it, what really is is read as ever.
   */
  updateFrom(known: StoredRecord, change: Change, signal?: AbortSignal): Promise<StoredRecord>;
  /** Removes a record and its history; watchers see it go. */
  purge(ref: VideoRef): Promise<void>;
  /** The ids of a caller's videos, newest first. */
  list(owner: string): Promise<string[]>;
}

/** Opens the records; the provisioner has made their bucket. */
export async function openRecords(
  nats: NatsConnection,
  settings: Pick<PipelineSettings, 'REQUEST_TIMEOUT_MS' | 'RECORD_TIMEOUT_MS'>,
): Promise<Records> {
  const client = jetstream(nats, { timeout: settings.REQUEST_TIMEOUT_MS });
  const manager = new Kvm(client);
  const bucket = await reaching('opening the records', () => manager.open(RECORDS_BUCKET));

  async function get(ref: VideoRef): Promise<StoredRecord | null> {
    const entry = await reaching('reading a record', () => bucket.get(videoKey(ref.owner, ref.videoId)));
    if (entry?.operation !== 'PUT') return null;
    return { record: fromBinary(VideoRecordSchema, entry.value), revision: entry.revision };
  }

  /** The bucket's own `history` leaves a consumer with the server for five minutes, each time. */
  async function history(ref: VideoRef): Promise<Revision[]> {
    const filter_subjects = `$KV.${RECORDS_BUCKET}.${videoKey(ref.owner, ref.videoId)}`;
    const options = { filter_subjects, deliver_policy: DeliverPolicy.All };
    const consumer = await client.consumers.getPushConsumer(RECORDS_STREAM, options);
    try {
      const revisions: Revision[] = [];
      if ((await consumer.info(true)).num_pending === 0) return revisions;
      for await (const message of await consumer.consume()) {
        const { seq: revision, time } = message;
        // A marker says that what was before is gone.
        if (message.headers?.has('KV-Operation')) revisions.length = 0;
        else revisions.push({ record: fromBinary(VideoRecordSchema, message.data), revision, time: time.getTime() });
        if (message.info.pending === 0) break;
      }
      return revisions;
    } finally {
      // Should NATS be away by now, it goes by itself.
      await consumer.delete().catch(() => false);
    }
  }

  /** @returns null where someone else was first. */
  async function replace(ref: VideoRef, old: StoredRecord, record: VideoRecord): Promise<StoredRecord | null> {
    record.previousRevision = BigInt(old.revision);
    const value = toBinary(VideoRecordSchema, record);
    try {
      const key = videoKey(ref.owner, ref.videoId);
      return { record, revision: await reaching('changing a record', () => bucket.update(key, value, old.revision)) };
    } catch (error) {
      if (lostRace(error)) return null;
      throw error;
    }
  }

  /** @returns null where the record is another one by now, or the change does not apply to it as it was known. */
  async function changeKnown(known: StoredRecord, change: Change): Promise<StoredRecord | null> {
    const record = clone(VideoRecordSchema, known.record);
    try {
      if (change(record) === false) return null;
    } catch {
      return null;
    }
    return replace(known.record, known, record).catch((error: unknown) => {
      // Whether it was written is unknown: the change sees it in what is read next.
      if (error instanceof UnavailableError) return null;
      throw error;
    });
  }

  async function update(ref: VideoRef, change: Change, signal?: AbortSignal): Promise<StoredRecord> {
    const deadline = Date.now() + settings.RECORD_TIMEOUT_MS;
    for (let tries = 0; ; tries++) {
      signal?.throwIfAborted();
      try {
        const stored = await get(ref);
        if (!stored) throw new UnknownVideoError('there is no such video');
        const record = clone(VideoRecordSchema, stored.record);
        if (change(record) === false) return stored;
        const written = await replace(ref, stored, record);
        if (written) return written;
      } catch (error) {
        if (!(error instanceof UnavailableError) || Date.now() > deadline) throw error;
      }
      // Two that race again and again step aside for a moment of their own.
      await delay(Math.random() * Math.min(500, 2 ** Math.min(tries, 9)), undefined, signal ? { signal } : {});
    }
  }

  return {
    bucket,
    get,
    history: (ref) => reaching(`reading a video's history`, () => history(ref)),
    async create(record) {
      const key = videoKey(record.owner, record.videoId);
      try {
        const value = toBinary(VideoRecordSchema, record);
        // The client's own `create` would write over the marker of a record that was purged.
        const revision = await reaching('creating a record', () => bucket.put(key, value, { previousSeq: 0 }));
        return { record, revision };
      } catch (error) {
        if (lostRace(error)) return null;
        throw error;
      }
    },
    update: (ref, change, signal) => inSpan('change record', {}, () => update(ref, change, signal)),
    updateFrom: (known, change, signal) =>
      inSpan('change record', {}, async () => {
        signal?.throwIfAborted();
        return (await changeKnown(known, change)) ?? update(known.record, change, signal);
      }),
    purge: ({ owner, videoId }) => reaching('purging a record', () => bucket.purge(videoKey(owner, videoId))),
    list: (owner) =>
      reaching('listing records', async () => {
        // A key that changes while they are listed comes twice.
        const ids = new Set<string>();
        for await (const key of await bucket.keys(ownerKeys(owner))) ids.add(key.slice(key.lastIndexOf('.') + 1));
        // Their first digits are the time.
        return [...ids].sort().reverse();
      }),
  };
}
