import type { VideoRecord } from '../messages.ts';
import { UnknownVideoError } from '../ports/records.ts';
import { LIFETIMES } from '../stages.ts';
import { toMilliseconds } from '../timestamps.ts';
import { deleteVideo } from '../video/video-changes.ts';
import type { HousekeepingOptions } from './options.ts';

type ExpireOptions = Pick<HousekeepingOptions, 'table' | 'records' | 'requests' | 'artifacts' | 'maintenance'>;

/**
 * Deletes videos whose retention has ended, and removes those whose deletion can no longer be undone.
 * @returns how many videos were removed.
 */
export async function expire(options: ExpireOptions): Promise<number> {
  const { table, records } = options;
  const now = Date.now();
  let removed = 0;
  for (const { record } of [...table.videos.values()]) {
    try {
      if (!record.purgeTime && record.expireTime && toMilliseconds(record.expireTime) <= now) {
        const { stored } = await records.update(record, (current) => deleteVideo(current, 0));
        table.apply(stored);
      } else if (record.purgeTime && toMilliseconds(record.purgeTime) <= now) {
        // The table may lag: the deletion may just have been undone.
        const current = await records.get(record);
        if (!current?.record.purgeTime || toMilliseconds(current.record.purgeTime) > now) continue;
        await removeVideo(options, current.record);
        removed++;
      }
    } catch (error) {
      if (!(error instanceof UnknownVideoError)) throw error;
    }
  }
  return removed;
}

/** Removes everything that belongs to a video. The record comes last, so that the job is repeated after a crash. */
async function removeVideo(options: ExpireOptions, record: VideoRecord): Promise<void> {
  const { records, requests, artifacts, maintenance } = options;
  const { owner, videoId, requestId } = record;
  // First, so that a repetition of the request cannot create the video again.
  await requests.close(owner, requestId);
  for (const lifetime of LIFETIMES) {
    for (const name of await artifacts.list(lifetime, videoId)) await artifacts.remove(lifetime, name);
  }
  await maintenance.removePreview(videoId);
  await records.purge(record);
}
