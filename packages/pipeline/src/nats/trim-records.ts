import type { JetStreamClient, JetStreamManager } from '@nats-io/jetstream';
import type { StoredRecord } from '../domain/ports/records.ts';
import { withTranslatedErrors } from './errors.ts';
import { RECORDS_BUCKET, RECORDS_STREAM, videoKey } from './names.ts';
import { isMarker, lastMessages } from './stored-messages.ts';

const subjectOf = (key: string): string => `$KV.${RECORDS_BUCKET}.${key}`;

/** @returns how many revisions before the given ones were removed. @throws UnavailableError */
export async function trimHistories(manager: JetStreamManager, records: readonly StoredRecord[]): Promise<number> {
  const { state } = await withTranslatedErrors('counting revisions', () =>
    manager.streams.info(RECORDS_STREAM, { subjects_filter: subjectOf('v.>') }),
  );
  let removed = 0;
  for (const { record, revision } of records) {
    const filter = subjectOf(videoKey(record.owner, record.videoId));
    if ((state.subjects?.[filter] ?? 0) > 1) removed += await purgeBefore(manager, filter, revision);
  }
  return removed;
}

/**
 * @param age milliseconds; younger markers are kept.
 * @returns how many deletion markers were removed.
 * @throws UnavailableError
 */
export async function removeMarkers(client: JetStreamClient, manager: JetStreamManager, age: number): Promise<number> {
  const markers: { readonly key: string; readonly revision: number }[] = [];
  await withTranslatedErrors('looking for deletion markers', async () => {
    for await (const { key, message } of lastMessages(client, '>')) {
      if (isMarker(message) && Date.now() - message.time.getTime() >= age) markers.push({ key, revision: message.seq });
    }
  });
  let removed = 0;
  // Only up to the marker, because the key may have been written again since.
  for (const { key, revision } of markers) removed += await purgeBefore(manager, subjectOf(key), revision + 1);
  return removed;
}

async function purgeBefore(manager: JetStreamManager, filter: string, seq: number): Promise<number> {
  const purge = () => manager.streams.purge(RECORDS_STREAM, { filter, seq });
  const { purged } = await withTranslatedErrors('removing revisions', purge);
  return purged;
}
