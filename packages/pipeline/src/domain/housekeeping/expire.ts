import { UnknownVideoError } from '../ports/records.ts';
import { toMilliseconds } from '../timestamps.ts';
import { deleteVideo } from '../video/video-changes.ts';
import type { HousekeepingOptions } from './options.ts';

/**
 * Deletes videos whose retention has ended.
 * @returns how many.
 * @throws UnavailableError
 */
export async function expire({ table, records }: Pick<HousekeepingOptions, 'table' | 'records'>): Promise<number> {
  const now = Date.now();
  let deleted = 0;
  for (const { record } of [...table.videos.values()]) {
    if (record.purgeTime || !record.expireTime || toMilliseconds(record.expireTime) > now) continue;
    try {
      const { stored } = await records.update(record, (current) => deleteVideo(current, 0));
      table.apply(stored);
      deleted++;
    } catch (error) {
      if (!(error instanceof UnknownVideoError)) throw error;
    }
  }
  return deleted;
}
