import type { JetStreamManager } from '@nats-io/jetstream';
import type { KV } from '@nats-io/kv';
import { RECORDS_BUCKET, RECORDS_STREAM, videoKey } from '../names.ts';
import { milliseconds } from '../records/time.ts';
import { isTerminal } from '../routing.ts';
import { reaching } from '../unavailable.ts';
import type { CaretakerParts } from './caretaker.ts';

/** How long the marker of a purged key stays, so that every gateway has seen it: milliseconds. */
export const MARKER_AGE = 3_600_000;

const subjectOf = (key: string): string => `$KV.${RECORDS_BUCKET}.${key}`;

/**
 * Removes the story of videos that finished some time ago, up to their last record: whoever watches such a video is told
 * that, as a snapshot. A story is up to 128 times as large as the record, and nobody follows it any more.
 * @returns how many records were removed.
 */
export async function trimHistories(
  { table, settings }: Pick<CaretakerParts, 'table' | 'settings'>,
  manager: JetStreamManager,
): Promise<number> {
  const { state } = await reaching('counting records', () =>
    manager.streams.info(RECORDS_STREAM, { subjects_filter: subjectOf('v.>') }),
  );
  let removed = 0;
  for (const { record, revision } of [...table.videos.values()]) {
    if (!isTerminal(record) || Date.now() - milliseconds(record.endTime) < settings.HISTORY_MS) continue;
    const filter = subjectOf(videoKey(record.owner, record.videoId));
    if ((state.subjects?.[filter] ?? 0) <= 1) continue;
    removed += await purgeBelow(manager, filter, revision);
  }
  return removed;
}

/**
 * Removes the markers that purged keys leave, which name callers and videos, for ever otherwise.
 * @returns how many.
 */
export async function removeMarkers(bucket: KV, manager: JetStreamManager, age = MARKER_AGE): Promise<number> {
  const markers: { readonly key: string; readonly revision: number }[] = [];
  const entries = await reaching('looking for markers', () => bucket.watch({ key: '>', headers_only: true }));
  for await (const { key, revision, operation, created, delta } of entries) {
    if (operation !== 'PUT' && Date.now() - created.getTime() >= age) markers.push({ key, revision });
    if (delta === 0) break;
  }
  entries.stop();
  let removed = 0;
  // Up to the marker itself: a key may have been written to again.
  for (const { key, revision } of markers) removed += await purgeBelow(manager, subjectOf(key), revision + 1);
  return removed;
}

async function purgeBelow(manager: JetStreamManager, filter: string, seq: number): Promise<number> {
  const { purged } = await reaching('trimming the records', () =>
    manager.streams.purge(RECORDS_STREAM, { filter, seq }),
  );
  return purged;
}
