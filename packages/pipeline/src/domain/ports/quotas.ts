import type { PipelineSettings } from '../settings.ts';
import type { Records, VideoRef } from './records.ts';

export type QuotaLimits = Pick<PipelineSettings, 'MAX_ACTIVE_PER_OWNER' | 'MAX_DAILY_PER_OWNER'>;

/** Counts the videos of each owner. */
export interface Quotas {
  /**
   * Counts a new video against its owner's limits.
   * @param records finds the owner's counted videos, to see which of them are finished.
   * @throws OverLimitError, UnavailableError
   */
  take(records: Pick<Records, 'get'>, limits: QuotaLimits, video: VideoRef): Promise<void>;
  /** Removes the quotas of owners without unfinished videos and without videos today. @returns how many. */
  forgetIdle(records: Pick<Records, 'get'>): Promise<number>;
}
