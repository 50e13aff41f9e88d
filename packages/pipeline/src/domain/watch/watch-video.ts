import type { Preview, VideoRecord } from '../messages.ts';
import type { QueueView } from '../admission/queue-view.ts';
import { UnknownVideoError } from '../ports/records.ts';
import type { Records, StoredRecord, VideoRef } from '../ports/records.ts';
import { isTerminal } from '../video/routing.ts';
import type { PipelineSettings } from '../settings.ts';
import { createBoundedQueue } from './bounded-queue.ts';
import type { BoundedQueue } from './bounded-queue.ts';
import type { Previews } from '../ports/previews.ts';
import type { VideoTable } from '../ports/video-table.ts';

/** An event for a watcher. Records are numbered by their revision; the other events have no number and may be missed. */
export type WatchEvent =
  /** A new revision of the record. `snapshot`: earlier revisions are no longer available, and this one replaces them. */
  | { readonly kind: 'record'; readonly sequence: number; readonly snapshot: boolean; readonly record: VideoRecord }
  /** How many videos are admitted before it. */
  | { readonly kind: 'position'; readonly position: number }
  | { readonly kind: 'preview'; readonly preview: Preview }
  /** The video was removed. */
  | { readonly kind: 'gone' };

/** What watching a video needs. Every field is required. */
export interface WatchOptions {
  /** Delivers new revisions. All watchers of a process share its one watch. */
  readonly table: VideoTable;
  /** Earlier revisions are read from here. */
  readonly records: Records;
  readonly previews: Previews;
  /** Delivers the positions of waiting videos. */
  readonly queue: QueueView;
  /** `WATCHER_BUFFER`: how many events a watcher may lag behind before it is dropped. */
  readonly settings: Pick<PipelineSettings, 'WATCHER_BUFFER'>;
}

/**
 * Streams the events of a video: first the revisions after `afterSequence`, then new ones, until the video has ended or the
 * signal is aborted. Every watcher receives the same numbered revisions.
 * @throws UnknownVideoError, SlowReaderError, UnavailableError
 */
export async function* watchVideo(
  { table, records, previews, queue, settings }: WatchOptions,
  ref: VideoRef,
  afterSequence: number,
  signal: AbortSignal,
): AsyncGenerator<WatchEvent, void, undefined> {
  const live: BoundedQueue<WatchEvent | StoredRecord> = createBoundedQueue(settings.WATCHER_BUFFER);
  const { videoId } = ref;
  const subscriptions = [
    table.subscribe((change) => {
      if (change.videoId !== videoId) return;
      if (change.stored) {
        live.push(change.stored);
        return;
      }
      live.push({ kind: 'gone' });
      live.end();
    }),
    queue.subscribe(videoId, (position) => live.replace('position', { kind: 'position', position })),
    previews.subscribe(videoId, (preview) => live.replace('preview', { kind: 'preview', preview })),
  ];
  const abort = () => live.end();
  signal.addEventListener('abort', abort, { once: true });
  try {
    // The subscriptions began before the history is read, so a revision may arrive twice. It is delivered once.
    let last = afterSequence;
    for (const event of eventsAfter(afterSequence, await readHistory(records, ref))) {
      yield event;
      last = event.sequence;
      if (isTerminal(event.record)) return;
    }
    if (signal.aborted) return;
    const position = queue.position(videoId);
    if (position !== null) yield { kind: 'position', position };
    const preview = await previews.last(videoId);
    if (preview) yield { kind: 'preview', preview };
    for await (const event of live) {
      if ('kind' in event) {
        yield event;
        continue;
      }
      const { revision: sequence, record } = event;
      if (sequence <= last) continue;
      const snapshot = Number(record.previousRevision) > last;
      last = sequence;
      yield { kind: 'record', sequence, snapshot, record };
      if (isTerminal(record)) return;
    }
  } finally {
    signal.removeEventListener('abort', abort);
    for (const unsubscribe of subscriptions) unsubscribe();
    live.end();
  }
}

/** @throws UnknownVideoError */
async function readHistory(records: Records, ref: VideoRef): Promise<StoredRecord[]> {
  const revisions = await records.history(ref);
  if (revisions.length === 0) throw new UnknownVideoError('there is no such video');
  return revisions;
}

/** The events after a sequence. A watcher that has seen the last event of an ended video receives it once more. */
function eventsAfter(after: number, revisions: readonly StoredRecord[]): (WatchEvent & { kind: 'record' })[] {
  const later = revisions.filter(({ revision }) => revision > after);
  const events = later.length > 0 || !isTerminal(revisions.at(-1)!.record) ? later : revisions.slice(-1);
  return events.map(({ revision, record }, i) => ({
    kind: 'record',
    sequence: revision,
    // Each revision names the one before it, so a gap shows that revisions are missing.
    snapshot: i === 0 && Number(record.previousRevision) > after,
    record,
  }));
}
