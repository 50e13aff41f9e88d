import type { Log } from '../../telemetry/log.ts';
import type { Artifacts } from '../ports/artifacts.ts';
import type { ConnectionStatus } from '../ports/connection-status.ts';
import type { Leases } from '../ports/leases.ts';
import type { Maintenance } from '../ports/maintenance.ts';
import type { QueueTurns } from '../ports/queue-turns.ts';
import type { QuotaStore } from '../ports/quota-store.ts';
import type { Records } from '../ports/records.ts';
import type { Requests } from '../ports/requests.ts';
import type { TaskQueue } from '../ports/task-queue.ts';
import type { WebhookQueue } from '../ports/webhook-queue.ts';
import type { VideoTable } from '../ports/video-table.ts';
import type { PipelineSettings } from '../settings.ts';

/** What the housekeeping jobs use. Every field is required. */
export interface HousekeepingOptions {
  /** Every job finds its candidates here. What it finds is checked against the record, because the table may lag. */
  readonly table: VideoTable;
  /** Records are admitted, marked as deleted and purged here. */
  readonly records: Records;
  /** Requests of removed videos are closed, and old ones forgotten. */
  readonly requests: Requests;
  /** Quotas of idle owners are removed. */
  readonly quotaStore: QuotaStore;
  /** Artifacts that no record refers to are removed. */
  readonly artifacts: Artifacts;
  /** The first task of admitted videos and all stalled tasks are published here. */
  readonly tasks: TaskQueue;
  /** Webhooks of videos that have ended are queued here. */
  readonly webhooks: WebhookQueue;
  /** The state of the deficit round robin is saved here with every admission. */
  readonly turns: QueueTurns;
  /** Removes old revisions, deletion markers, previews, and acknowledged messages. */
  readonly maintenance: Maintenance;
  /** The lease that lets one process of many run the jobs. */
  readonly leases: Leases;
  /** After a reconnect, acknowledged messages are purged immediately: the server may have crashed. */
  readonly connection: ConnectionStatus;
  /** Intervals and limits of the jobs. */
  readonly settings: PipelineSettings;
  /** Each job logs what it did, and why it failed. */
  readonly log: Log;
}
