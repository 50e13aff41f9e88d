import { UnavailableError } from '../errors.ts';
import type { VideoRecord } from '../messages.ts';
import { UnknownVideoError } from '../ports/records.ts';
import { LIFETIMES } from '../stages.ts';
import { toMilliseconds } from '../timestamps.ts';
import type { HousekeepingOptions } from './options.ts';

type RemoveOptions = Pick<HousekeepingOptions, 'table' | 'records' | 'requests' | 'artifacts' | 'maintenance'>;

/**
 * Removes videos whose deletion can no longer be undone. One whose files cannot be removed keeps no other one.
 * @param signal ends it after the video that is being removed. A leader that steps down waits for it.
 * @returns how many.
 * @throws UnavailableError after all of them, if some could not be removed.
 */
export async function removeDeleted(options: RemoveOptions, signal?: AbortSignal): Promise<number> {
  const { table, records } = options;
  let removed = 0;
  let failure: UnavailableError | null = null;
  for (const { record } of [...table.videos.values()]) {
    if (signal?.aborted) break;
    if (!isPast(record)) continue;
    // The table may lag: the deletion may just have been undone.
    const current = await records.get(record);
    if (!current || !isPast(current.record)) continue;
    try {
      await removeVideo(options, current.record);
      removed++;
    } catch (error) {
      if (error instanceof UnavailableError) failure ??= error;
      else if (!(error instanceof UnknownVideoError)) throw error;
    }
  }
  if (failure) throw failure;
  return removed;
}

const isPast = ({ purgeTime }: VideoRecord): boolean =>
  purgeTime !== undefined && toMilliseconds(purgeTime) <= Date.now();

/** Removes everything that belongs to a video. The record comes last, so that the job is repeated after a crash. */
async function removeVideo(options: RemoveOptions, record: VideoRecord): Promise<void> {
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
