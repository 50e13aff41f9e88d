import { retry } from '@cinematica/concurrency';
import { clone, fromBinary, toBinary } from '@bufbuild/protobuf';
import { DeliverPolicy, jetstream } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { UnavailableError } from '../domain/errors.ts';
import { VideoRecordSchema } from '../domain/messages.ts';
import type { VideoRecord } from '../domain/messages.ts';
import { UnknownVideoError } from '../domain/ports/records.ts';
import type { Change, Changed, Records, Revision, StoredRecord, Updated, VideoRef } from '../domain/ports/records.ts';
import type { PipelineSettings } from '../domain/settings.ts';
import { inSpan } from '../telemetry/trace.ts';
import { openBucket } from './bucket.ts';
import { isRevisionConflict, withTranslatedErrors } from './errors.ts';
import { ownerKeys, RECORDS_BUCKET, videoKey } from './names.ts';
import { isMarker, listKeys, storedMessages } from './stored-messages.ts';

/** The record is not at the revision that a change was made for. */
class RevisionConflictError extends Error {
  override readonly name = 'RevisionConflictError';
}

/**
 * Opens the records, whose bucket the provisioner has created.
 * @throws UnavailableError
 */
export async function openRecords(
  nats: NatsConnection,
  settings: Pick<PipelineSettings, 'REQUEST_TIMEOUT_MS' | 'RECORD_TIMEOUT_MS'>,
): Promise<Records> {
  const client = jetstream(nats, { timeout: settings.REQUEST_TIMEOUT_MS });
  const bucket = await openBucket(nats, RECORDS_BUCKET, settings);

  async function get(ref: VideoRef): Promise<StoredRecord | null> {
    const entry = await withTranslatedErrors('reading a record', () => bucket.get(videoKey(ref.owner, ref.videoId)));
    if (entry?.operation !== 'PUT') return null;
    return { record: fromBinary(VideoRecordSchema, entry.value), revision: entry.revision };
  }

  async function history(ref: VideoRef): Promise<Revision[]> {
    const revisions: Revision[] = [];
    const options = { deliver_policy: DeliverPolicy.All };
    for await (const message of storedMessages(client, videoKey(ref.owner, ref.videoId), options)) {
      const { seq: revision, time } = message;
      // The revisions before a deletion marker belong to a record that was removed.
      if (isMarker(message)) revisions.length = 0;
      else revisions.push({ record: fromBinary(VideoRecordSchema, message.data), revision, time: time.getTime() });
    }
    return revisions;
  }

  /** @returns null when another writer was faster. */
  async function replace(old: StoredRecord, record: VideoRecord): Promise<StoredRecord | null> {
    record.previousRevision = BigInt(old.revision);
    const key = videoKey(record.owner, record.videoId);
    const value = toBinary(VideoRecordSchema, record);
    try {
      const write = () => bucket.update(key, value, old.revision);
      return { record, revision: await withTranslatedErrors('changing a record', write) };
    } catch (error) {
      if (isRevisionConflict(error)) return null;
      throw error;
    }
  }

  /** @returns null when the record has changed by now, or the change does not apply to the given revision. */
  async function changeKnown<T>(known: StoredRecord, change: Change<T>): Promise<Updated<T> | null> {
    const record = clone(VideoRecordSchema, known.record);
    const outcome = attempt(change, record);
    if (!outcome?.changed) return null;
    const stored = await replace(known, record).catch((error: unknown) => {
      // Whether it was written is unknown. The change recognises it in the record that is read next.
      if (error instanceof UnavailableError) return null;
      throw error;
    });
    return stored && { ...outcome, stored };
  }

  async function update<T>(ref: VideoRef, change: Change<T>, signal?: AbortSignal): Promise<Updated<T>> {
    const attempt = async (): Promise<Updated<T>> => {
      const stored = await get(ref);
      if (!stored) throw new UnknownVideoError('there is no such video');
      const record = clone(VideoRecordSchema, stored.record);
      const outcome = change(record);
      if (!outcome.changed) return { ...outcome, stored };
      const written = await replace(stored, record);
      if (!written) throw new RevisionConflictError('another writer changed the record first');
      return { ...outcome, stored: written };
    };
    const deadline = Date.now() + settings.RECORD_TIMEOUT_MS;
    return retry(attempt, {
      // A conflict means that somebody made progress, so that it is retried without a limit.
      isRetryable: (error) =>
        error instanceof RevisionConflictError || (error instanceof UnavailableError && Date.now() <= deadline),
      // The random delay separates two writers that keep conflicting with each other.
      delayMs: (number) => Math.random() * Math.min(500, 2 ** Math.min(number - 1, 9)),
      signal,
    });
  }

  return {
    get,
    history: (ref) => withTranslatedErrors(`reading a video's history`, () => history(ref)),
    async create(record) {
      const key = videoKey(record.owner, record.videoId);
      const value = toBinary(VideoRecordSchema, record);
      try {
        // The client's own `create` would overwrite the deletion marker of a record that was purged.
        const write = () => bucket.put(key, value, { previousSeq: 0 });
        return { record, revision: await withTranslatedErrors('creating a record', write) };
      } catch (error) {
        if (isRevisionConflict(error)) return null;
        throw error;
      }
    },
    update: (ref, change, signal) => inSpan('change record', {}, () => update(ref, change, signal)),
    updateFrom: (known, change, signal) =>
      inSpan('change record', {}, async () => {
        signal?.throwIfAborted();
        return (await changeKnown(known, change)) ?? update(known.record, change, signal);
      }),
    purge: ({ owner, videoId }) =>
      withTranslatedErrors('purging a record', () => bucket.purge(videoKey(owner, videoId))),
    list: (owner) =>
      withTranslatedErrors('listing records', async () => {
        const keys = await listKeys(client, ownerKeys(owner));
        // The ids are UUIDs of version 7, which begin with the time.
        return [...keys]
          .map((key) => key.slice(key.lastIndexOf('.') + 1))
          .sort()
          .reverse();
      }),
  };
}

/** @returns null when the change throws: it may apply to the newest revision all the same. */
function attempt<T>(change: Change<T>, record: VideoRecord): Changed<T> | null {
  try {
    return change(record);
  } catch {
    return null;
  }
}
