import { WebhookState } from '../messages.ts';
import type { VideoRecord } from '../messages.ts';
import { UnknownVideoError } from '../ports/records.ts';
import type { VideoTable } from '../ports/video-table.ts';
import type { PipelineSettings } from '../settings.ts';
import { toMilliseconds } from '../timestamps.ts';
import { isTerminal } from '../video/routing.ts';
import { makeWebhooksDue } from '../webhooks/webhook-changes.ts';
import type { HousekeepingOptions } from './options.ts';

/** Whether a video has ended and the webhooks that wait for its end are not due yet. */
export const hasWebhooksToQueue = (record: VideoRecord): boolean =>
  isTerminal(record) && record.webhooks.some(({ state }) => state === WebhookState.WAITING);

/**
 * Queues the webhooks of videos that have ended. It does not matter which process ended a video, or whether that process still
 * runs: only the record decides.
 * @returns how many webhooks were queued.
 */
export async function queueWebhooks(
  options: Pick<HousekeepingOptions, 'table' | 'records' | 'webhooks' | 'settings'>,
): Promise<number> {
  const { table, records, webhooks, settings } = options;
  if (settings.OUTBOUND === 'off') return 0;
  let queued = 0;
  for (const { record: seen } of [...table.videos.values()]) {
    if (!hasWebhooksToQueue(seen)) continue;
    try {
      const { stored } = await records.update(seen, makeWebhooksDue);
      table.apply(stored);
      const due = indexesOf(stored.record, Date.now());
      await webhooks.publish(stored.record, due);
      queued += due.length;
    } catch (error) {
      if (!(error instanceof UnknownVideoError)) throw error;
    }
  }
  return queued;
}

/**
 * Queues every webhook again whose attempt should have been made and was not: its message was never published, or got lost. A
 * webhook that is still in the queue is not added twice.
 * @returns how many webhooks were published.
 */
export async function requeueWebhooks(
  options: Pick<HousekeepingOptions, 'table' | 'records' | 'webhooks' | 'settings'>,
): Promise<number> {
  const { table, records, webhooks, settings } = options;
  if (settings.OUTBOUND === 'off') return 0;
  const allowedDelay = 2 * settings.ACK_WAIT_MS;
  // The server drops messages with the same id, so a webhook is published at most once in each period.
  const period = Math.floor(Date.now() / allowedDelay);
  let queued = 0;
  for (const { record: seen } of [...table.videos.values()]) {
    if (indexesOf(seen, Date.now() - allowedDelay).length === 0) continue;
    // The table may lag.
    const stored = await records.get(seen);
    const late = stored ? indexesOf(stored.record, Date.now() - allowedDelay) : [];
    if (!stored || late.length === 0) continue;
    await webhooks.publish(stored.record, late, `${stored.revision}.${period}`);
    queued += late.length;
  }
  return queued;
}

/** The number of webhooks whose attempt should have been made and was not, because nobody takes them from the queue. */
export function countLateWebhooks(
  { videos }: Pick<VideoTable, 'videos'>,
  { ACK_WAIT_MS }: Pick<PipelineSettings, 'ACK_WAIT_MS'>,
): number {
  const time = Date.now() - 2 * ACK_WAIT_MS;
  return [...videos.values()].reduce((sum, { record }) => sum + indexesOf(record, time).length, 0);
}

/** The positions of the webhooks whose next attempt was due at this time. @param time milliseconds since 1970. */
const indexesOf = ({ webhooks }: VideoRecord, time: number): number[] =>
  webhooks.flatMap(({ state, nextAttemptTime }, index) =>
    state === WebhookState.DUE && toMilliseconds(nextAttemptTime) <= time ? [index] : [],
  );
