import type { JetStreamManager } from '@nats-io/jetstream';
import { LIFETIMES, PREVIEW_STREAM, previewSubject } from '../names.ts';
import { UnknownVideoError } from '../records/records.ts';
import { milliseconds } from '../records/time.ts';
import { deleteVideo } from '../records/video-changes.ts';
import type { VideoRecord } from '../messages.ts';
import { reaching } from '../unavailable.ts';
import type { CaretakerParts } from './caretaker.ts';

/**
 * Deletes videos whose time is over, and removes for good those whose deletion can't be taken back any more.
 * @returns how many are gone.
 */
export async function expire(parts: CaretakerParts, manager: JetStreamManager): Promise<number> {
  const { table, records } = parts;
  const now = Date.now();
  let gone = 0;
  for (const { record } of [...table.videos.values()]) {
    try {
      if (!record.purgeTime && record.expireTime && milliseconds(record.expireTime) <= now) {
        table.apply(await records.update(record, (fresh) => deleteVideo(fresh, 0)));
      } else if (record.purgeTime && milliseconds(record.purgeTime) <= now) {
        // The watch is a moment behind: it may just have been brought back.
        const fresh = await records.get(record);
        if (!fresh?.record.purgeTime || milliseconds(fresh.record.purgeTime) > now) continue;
        await removeForGood(parts, manager, fresh.record);
        gone++;
      }
    } catch (error) {
      if (!(error instanceof UnknownVideoError)) throw error;
    }
  }
  return gone;
}

/** Leaves nothing of a video. Should we be killed in between, its record is still there, and it is done again. */
async function removeForGood(
  { records, requests, artifacts }: CaretakerParts,
  manager: JetStreamManager,
  record: VideoRecord,
): Promise<void> {
  const { owner, videoId, requestId } = record;
  // First of all the request must not make the video again.
  await requests.close(owner, requestId);
  for (const lifetime of LIFETIMES) {
    for (const name of await artifacts.list(lifetime)) {
      if (name.startsWith(`${videoId}/`)) await artifacts.remove(lifetime, name);
    }
  }
  await reaching('removing previews', () => manager.streams.purge(PREVIEW_STREAM, { filter: previewSubject(videoId) }));
  await records.purge(record);
}
