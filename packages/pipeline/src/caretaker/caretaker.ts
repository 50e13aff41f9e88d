import { jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Artifacts } from '../artifacts/artifacts.ts';
import type { Log } from '../log.ts';
import { forgetQuotas } from '../gateway/quota.ts';
import type { Records } from '../records/records.ts';
import type { Requests } from '../records/requests.ts';
import type { PipelineSettings } from '../settings.ts';
import type { TaskQueue } from '../tasks.ts';
import { UnavailableError } from '../unavailable.ts';
import { watchConnection } from '../watch-connection.ts';
import { createBell } from './bell.ts';
import type { VideoTable } from '../watch/video-table.ts';
import { collect } from './collect.ts';
import { dispatch } from './dispatch.ts';
import { expire } from './expire.ts';
import { runAsLeader } from './leadership.ts';
import { purgeAcked } from './purge-acked.ts';
import { reconcile } from './reconcile.ts';
import { removeMarkers, trimHistories } from './trim-bucket.ts';

/** What the chores work with. */
export interface CaretakerParts {
  readonly nats: NatsConnection;
  readonly table: VideoTable;
  readonly records: Records;
  readonly requests: Requests;
  readonly artifacts: Artifacts;
  readonly tasks: TaskQueue;
  readonly settings: PipelineSettings;
  readonly log: Log;
}

const HOUR = 3_600_000;

/**
 * The chores of the pipeline, in one gateway of many: lets videos in, tells again of what has stalled, removes what
 * nothing refers to and what is to be deleted.
 * @param holder another one for each process.
 * @returns once `signal` is aborted.
 */
export function runCaretaker(parts: CaretakerParts, holder: string, signal: AbortSignal): Promise<void> {
  return runAsLeader(parts.nats, 'caretaker', holder, parts.settings, parts.log, (led) => care(parts, led), signal);
}

async function care(parts: CaretakerParts, signal: AbortSignal): Promise<void> {
  const { nats, table, records, requests, settings, log } = parts;
  const timeout = settings.REQUEST_TIMEOUT_MS;
  const manager = await jetstreamManager(nats, { timeout, checkAPI: false });

  /** Does a chore again and again; it begins at once, and as soon as it is woken. */
  async function chore(what: string, every: number, run: () => Promise<number>, bell = createBell()): Promise<void> {
    signal.addEventListener('abort', bell.ring, { once: true });
    while (!signal.aborted) {
      try {
        const count = await run();
        if (count > 0) log.info(what, { count });
      } catch (error) {
        if (error instanceof UnavailableError) log.warn('a chore has to wait for NATS', { chore: what });
        else log.error('a chore broke off', error, { chore: what });
      }
      await bell.wait(every);
    }
  }

  const changed = createBell();
  const reconnected = createBell();
  const unsubscribe = table.subscribe(changed.ring);
  const connection = watchConnection(nats, reconnected.ring);
  try {
    await Promise.all([
      chore('videos let in', settings.RECONCILE_MS, () => dispatch(parts), changed),
      chore('acknowledged messages removed', settings.RECONCILE_MS, () => purgeAcked(manager), reconnected),
      chore('stalled tasks told of again', settings.RECONCILE_MS, () => reconcile(parts)),
      chore('videos deleted for good', Math.min(settings.RECONCILE_MS, settings.UNDO_MS), () => expire(parts, manager)),
      chore('artifacts removed', settings.COLLECT_MS, () => collect(parts)),
      chore('old changes removed', settings.HISTORY_MS, () => trimHistories(parts, manager)),
      chore('markers removed', HOUR, () => removeMarkers(records.bucket, manager)),
      chore('idle quotas removed', HOUR, () => forgetQuotas(records.bucket, (videoId) => table.videos.get(videoId))),
      chore('requests forgotten', HOUR, () => requests.forget(settings.REQUEST_HOURS * HOUR)),
    ]);
  } finally {
    unsubscribe();
    connection.end();
  }
}
