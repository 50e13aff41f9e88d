import type { MessageInitShape } from '@bufbuild/protobuf';
import { HEARTBEAT, withHeartbeat } from '@cinematica/concurrency';
import { isTerminal } from '@cinematica/pipeline';
import type { Preview, StoredRecord } from '@cinematica/pipeline';
import type { WatchVideosResponseSchema } from '@cinematica/protocol/v1';
import { isPastPurgeTime } from './past-purge-time.ts';
import { progressOf } from './progress.ts';
import { nameOf, toVideo } from './to-video.ts';
import { publicPreview } from './watch.ts';
import type { WatchResponseOptions } from './watch.ts';
import type { VideosByOwner } from './videos-by-owner.ts';

type Response = MessageInitShape<typeof WatchVideosResponseSchema>;

/** The dependencies of `WatchVideos`. All of them are required. */
export interface WatchVideosOptions extends WatchResponseOptions {
  /** Finds the videos of the caller. */
  readonly videosByOwner: Pick<VideosByOwner, 'idsOf'>;
}

/** The first message, which is repeated while there is nothing else to send. */
const STARTED: Response = { message: { case: 'started', value: {} } };

/** How often the progress of unfinished videos is sent without a change, because estimates depend on other videos. Milliseconds. */
const PROGRESS_MS = 10_000;

/**
 * The responses of `WatchVideos`: the current state of the unfinished videos of an owner, then every change of all videos.
 * A change that was not sent yet is replaced by the next one of the same video, so a slow reader uses little memory. While
 * nothing changes, the first message is repeated.
 *
 * @param closeConnection called when the reader stalls. An error cannot be sent to a client that does not read.
 */
export async function* streamVideos(
  parts: WatchVideosOptions,
  owner: string,
  withPreviews: boolean,
  closeConnection: () => void,
  signal: AbortSignal,
): AsyncGenerator<Response, void, undefined> {
  const changes = collectChanges(parts, owner, withPreviews, signal);
  try {
    for await (const next of withHeartbeat(changes.responses(), parts.heartbeatMs)) {
      // A proxy closes a connection that is silent for too long, and one whose client has vanished is found by writing to it.
      const response = next === HEARTBEAT ? STARTED : next;
      const stalled = setTimeout(closeConnection, parts.stallMs);
      try {
        yield response;
      } finally {
        clearTimeout(stalled);
      }
    }
  } finally {
    changes.close();
  }
}

function collectChanges(parts: WatchVideosOptions, owner: string, withPreviews: boolean, signal: AbortSignal) {
  const { table, queue, previews, estimateOf } = parts;
  /** What is to be sent, by video and kind. The value makes the response when it is read. */
  const pending = new Map<string, () => Response | null>();
  /** The subscriptions of each unfinished video. */
  const watched = new Map<string, (() => void)[]>();
  let wake: () => void = () => undefined;

  const add = (kind: string, videoId: string, make: () => Response | null): void => {
    pending.set(`${kind} ${videoId}`, make);
    wake();
  };
  const addProgress = (videoId: string): void =>
    add('progress', videoId, () => {
      const stored = table.videos.get(videoId);
      const progress = stored && !stored.record.purgeTime && progressOf(stored.record, estimateOf(stored));
      return progress ? { name: nameOf(videoId), message: { case: 'progress', value: progress } } : null;
    });
  const addPreview = (videoId: string, preview: Preview): void =>
    add('preview', videoId, () => {
      const value = publicPreview(preview, table.videos.get(videoId)?.record.plan, parts.model);
      return value && { name: nameOf(videoId), message: { case: 'preview', value } };
    });

  function watch(videoId: string): void {
    if (watched.has(videoId)) return;
    const ends = [queue.subscribe(videoId, () => addProgress(videoId))];
    watched.set(videoId, ends);
    if (!withPreviews) return;
    ends.push(previews.subscribe(videoId, (preview) => addPreview(videoId, preview)));
    // A preview that cannot be read is not worth ending the stream for.
    previews.last(videoId).then(
      (preview) => preview && watched.has(videoId) && addPreview(videoId, preview),
      () => undefined,
    );
  }

  function unwatch(videoId: string): void {
    for (const end of watched.get(videoId) ?? []) end();
    watched.delete(videoId);
  }

  function addVideo(videoId: string, { record }: StoredRecord): void {
    if (isTerminal(record) || record.purgeTime) unwatch(videoId);
    else watch(videoId);
    add('video', videoId, () => {
      const stored = table.videos.get(videoId);
      if (!stored || isPastPurgeTime(stored.record)) return removedOf(videoId);
      return { name: nameOf(videoId), message: { case: 'video', value: toVideo(stored, parts, estimateOf(stored)) } };
    });
  }

  const owned = new Set(parts.videosByOwner.idsOf(owner));
  const unsubscribe = table.subscribe(({ videoId, stored }) => {
    if (stored?.record.owner === owner) {
      owned.add(videoId);
      addVideo(videoId, stored);
    } else if (!stored && owned.delete(videoId)) {
      unwatch(videoId);
      add('video', videoId, () => removedOf(videoId));
    }
  });
  for (const videoId of owned) {
    const stored = table.videos.get(videoId);
    if (stored && !isTerminal(stored.record) && !stored.record.purgeTime) addVideo(videoId, stored);
  }
  const timer = setInterval(() => {
    for (const videoId of watched.keys()) addProgress(videoId);
  }, PROGRESS_MS);
  const abort = () => wake();
  signal.addEventListener('abort', abort, { once: true });

  return {
    async *responses(): AsyncGenerator<Response, void, undefined> {
      yield STARTED;
      while (!signal.aborted) {
        const [next] = pending;
        if (!next) {
          await new Promise<void>((resolve) => (wake = resolve));
          continue;
        }
        const [key, make] = next;
        pending.delete(key);
        const response = make();
        if (response) yield response;
      }
    },
    close(): void {
      unsubscribe();
      clearInterval(timer);
      signal.removeEventListener('abort', abort);
      for (const videoId of [...watched.keys()]) unwatch(videoId);
    },
  };
}

const removedOf = (videoId: string): Response => ({ name: nameOf(videoId), message: { case: 'removed', value: {} } });
