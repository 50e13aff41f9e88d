import { removeIdleQuotas } from '../../domain/admission/quotas.ts';
import { UnavailableError } from '../../domain/errors.ts';
import { collectGarbage } from '../../domain/housekeeping/collect-garbage.ts';
import { dispatch } from '../../domain/housekeeping/dispatch.ts';
import { expire } from '../../domain/housekeeping/expire.ts';
import type { HousekeepingOptions } from '../../domain/housekeeping/options.ts';
import { hasWebhooksToQueue, queueWebhooks, requeueWebhooks } from '../../domain/housekeeping/queue-webhooks.ts';
import { reconcile } from '../../domain/housekeeping/reconcile.ts';
import { removeDeleted } from '../../domain/housekeeping/remove-deleted.ts';
import { trimHistories } from '../../domain/housekeeping/trim-histories.ts';
import { isInS3 } from '../../domain/s3-settings.ts';
import { LIFETIMES } from '../../domain/stages.ts';
import { runAsLeader } from './leadership.ts';
import { createWakeUpEvent } from './wake-up-event.ts';
import type { WakeUpEvent } from './wake-up-event.ts';

const HOUR_MS = 3_600_000;
/** How long deletion markers are kept, so that every gateway has seen them. Milliseconds. */
const MARKER_AGE_MS = HOUR_MS;

/** A job that the housekeeper repeats. */
interface Job {
  /** What one unit of its work is, in the log: "videos admitted". */
  readonly name: string;
  /** Milliseconds from the end of one run to the start of the next. */
  readonly interval: number;
  /** @returns how much was done; it is logged unless it is 0. */
  readonly run: () => Promise<number>;
  /** Starts the next run early. */
  readonly wakeUp?: WakeUpEvent;
}

/**
 * Runs the housekeeping of the pipeline in one process of many: admits videos, publishes stalled tasks again, and removes
 * what is expired, deleted or no longer referred to.
 * @param holder identifies this process; unique for each.
 * @returns once `signal` is aborted.
 */
export function runHousekeeper(options: HousekeepingOptions, holder: string, signal: AbortSignal): Promise<void> {
  const { leases, settings, log } = options;
  const lead = (leading: AbortSignal) => runJobs(options, leading);
  return runAsLeader({ leases, role: 'housekeeper', holder, leaseDuration: settings.LEASE_MS, log, lead }, signal);
}

async function runJobs(options: HousekeepingOptions, signal: AbortSignal): Promise<void> {
  const { table, requests, quotaStore, maintenance, connection, settings, log } = options;
  const tableChanged = createWakeUpEvent();
  const videoEnded = createWakeUpEvent();
  const reconnected = createWakeUpEvent();
  const { RECONCILE_MS, ACK_WAIT_MS, COLLECT_MS, S3_COLLECT_MS, HISTORY_MS, UNDO_MS } = settings;
  const inS3 = LIFETIMES.filter((lifetime) => isInS3(settings, lifetime));
  const inNats = LIFETIMES.filter((lifetime) => !inS3.includes(lifetime));
  const findVideo = (videoId: string) => table.videos.get(videoId);
  const jobs: Job[] = [
    { name: 'videos admitted', interval: RECONCILE_MS, run: () => dispatch(options), wakeUp: tableChanged },
    {
      name: 'acknowledged messages purged',
      interval: RECONCILE_MS,
      run: () => maintenance.purgeAcknowledged(),
      wakeUp: reconnected,
    },
    { name: 'webhooks queued', interval: RECONCILE_MS, run: () => queueWebhooks(options), wakeUp: videoEnded },
    { name: 'webhooks queued again', interval: ACK_WAIT_MS, run: () => requeueWebhooks(options) },
    { name: 'stalled tasks published again', interval: RECONCILE_MS, run: () => reconcile(options) },
    { name: 'videos expired', interval: Math.min(RECONCILE_MS, UNDO_MS), run: () => expire(options) },
    // A job of its own: while S3 is away, each video takes a minute.
    { name: 'videos removed', interval: Math.min(RECONCILE_MS, UNDO_MS), run: () => removeDeleted(options, signal) },
    { name: 'artifacts removed', interval: COLLECT_MS, run: () => collectGarbage(options, inNats) },
    // A bucket of S3 can be large, and each thousand keys of its list cost a request.
    { name: 'artifacts removed from S3', interval: S3_COLLECT_MS, run: () => collectGarbage(options, inS3) },
    { name: 'old revisions removed', interval: HISTORY_MS, run: () => trimHistories(options) },
    { name: 'deletion markers removed', interval: HOUR_MS, run: () => maintenance.removeMarkers(MARKER_AGE_MS) },
    { name: 'idle quotas removed', interval: HOUR_MS, run: () => removeIdleQuotas(quotaStore, findVideo) },
    { name: 'old requests removed', interval: HOUR_MS, run: () => requests.forget(settings.REQUEST_HOURS * HOUR_MS) },
  ];

  /** The first run starts immediately. */
  async function repeat({ name, interval, run, wakeUp = createWakeUpEvent() }: Job): Promise<void> {
    signal.addEventListener('abort', wakeUp.set, { once: true });
    while (!signal.aborted) {
      try {
        const count = await run();
        if (count > 0) log.info(name, { count });
      } catch (error) {
        if (error instanceof UnavailableError)
          log.warn('housekeeping job waits for the storage', { job: name, reason: error.message });
        else log.error('housekeeping job failed', error, { job: name });
      }
      await wakeUp.wait(interval);
    }
  }

  const unsubscribe = table.subscribe(({ stored }) => {
    tableChanged.set();
    if (stored && hasWebhooksToQueue(stored.record)) videoEnded.set();
  });
  const watch = connection.watch(reconnected.set);
  try {
    await Promise.all(jobs.map(repeat));
  } finally {
    unsubscribe();
    watch.end();
  }
}
