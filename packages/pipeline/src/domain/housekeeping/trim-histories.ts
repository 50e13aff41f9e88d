import { toMilliseconds } from '../timestamps.ts';
import { isTerminal } from '../video/routing.ts';
import type { HousekeepingOptions } from './options.ts';

/**
 * Removes all revisions but the last of videos that finished more than `HISTORY_MS` ago. A client that watches such
 * a video receives the last revision as a snapshot. A history can be 128 times as large as the record.
 * @returns how many revisions were removed.
 */
export function trimHistories({
  table,
  maintenance,
  settings,
}: Pick<HousekeepingOptions, 'table' | 'maintenance' | 'settings'>): Promise<number> {
  const finished = [...table.videos.values()].filter(
    ({ record }) => isTerminal(record) && Date.now() - toMilliseconds(record.endTime) >= settings.HISTORY_MS,
  );
  return maintenance.trimHistories(finished);
}
