import type { Preview, VideoRecord } from '../messages.ts';
import type { QueueView } from '../caretaker/queue-view.ts';
import { UnknownVideoError } from '../records/records.ts';
import type { Records, StoredRecord, VideoRef } from '../records/records.ts';
import { isTerminal } from '../routing.ts';
import type { PipelineSettings } from '../settings.ts';
import { createBoundedQueue } from './bounded-queue.ts';
import type { BoundedQueue } from './bounded-queue.ts';
import type { Previews } from './previews.ts';
import type { VideoTable } from './video-table.ts';

/** What a watcher is told. Records are numbered by their revision; the rest is not part of the story. */
export type WatchEvent =
  /** The video as it is from here on. `snapshot`: older events are gone, this one stands for them. */
  | { readonly kind: 'record'; readonly sequence: number; readonly snapshot: boolean; readonly record: VideoRecord }
  /** Videos before it in the queue. */
  | { readonly kind: 'position'; readonly position: number }
  | { readonly kind: 'preview'; readonly preview: Preview }
  /** It was deleted for good. */
  | { readonly kind: 'gone' };

export interface WatchParts {
  readonly table: VideoTable;
  readonly records: Records;
  readonly previews: Previews;
  readonly queue: QueueView;
  readonly settings: Pick<PipelineSettings, 'WATCHER_BUFFER'>;
}

/**
 * The story of a video from after `afterSequence` on, the same for everyone who watches it; it ends with the state that
 * ends the video. All watchers of a process share one watch of the records.
 * @throws UnknownVideoError, SlowReaderError where the reader is too far behind, UnavailableError
 */
export async function* watchVideo(
  { table, records, previews, queue, settings }: WatchParts,
  ref: VideoRef,
  afterSequence: number,
  signal: AbortSignal,
): AsyncGenerator<WatchEvent, void, undefined> {
  const live: BoundedQueue<WatchEvent | StoredRecord> = createBoundedQueue(settings.WATCHER_BUFFER);
  const { videoId } = ref;
  const ends = [
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
    // First what was, then what is: what happens in between comes twice, and is told once.
    let last = afterSequence;
    for (const event of story(await history(records, ref), afterSequence)) {
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
    for (const end of ends) end();
    live.end();
  }
}

/** Every revision of a record that is still there. @throws UnknownVideoError */
async function history(records: Records, ref: VideoRef): Promise<StoredRecord[]> {
  const revisions = await records.history(ref);
  if (revisions.length === 0) throw new UnknownVideoError('there is no such video');
  return revisions;
}

/** The events after a sequence. Someone who has seen a finished video's end is told it again: there is nothing after. */
function story(revisions: readonly StoredRecord[], after: number): (WatchEvent & { kind: 'record' })[] {
  const later = revisions.filter(({ revision }) => revision > after);
  const told = later.length > 0 || !isTerminal(revisions.at(-1)!.record) ? later : revisions.slice(-1);
  return told.map(({ revision, record }, i) => ({
    kind: 'record',
    sequence: revision,
    // Every revision names the one that it was made from.
    snapshot: i === 0 && Number(record.previousRevision) > after,
    record,
  }));
}
