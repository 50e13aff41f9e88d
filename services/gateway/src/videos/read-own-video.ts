import { UnknownVideoError } from '@cinematica/pipeline';
import type { Records, VideoRecord } from '@cinematica/pipeline';
import { isPastPurgeTime } from './past-purge-time.ts';
import { idOf } from './to-video.ts';

/**
 * Reads a video that a new one is made from.
 * @param name `videos/{uuid}`
 * @throws UnknownVideoError for a video that is deleted, or has another owner.
 */
export async function readOwnVideo(records: Pick<Records, 'get'>, owner: string, name: string): Promise<VideoRecord> {
  const stored = await records.get({ owner, videoId: idOf(name) });
  if (!stored || stored.record.purgeTime || isPastPurgeTime(stored.record)) {
    throw new UnknownVideoError('there is no such video');
  }
  return stored.record;
}
