import { z } from 'zod';
import { milliseconds, s3SettingsShape } from './s3-settings.ts';

const count = (fallback: number, min = 0) => z.coerce.number().int().min(min).max(1_000_000_000).default(fallback);

/**
 * Every interval and limit of the pipeline, as environment variables. All services of a system must use the same values.
 * The defaults are for production; tests use shorter intervals.
 */
export const pipelineSettingsSchema = z.object({
  /** A worker that does not renew its lease for this long loses its task: the time to recover from a crash. Milliseconds. */
  ACK_WAIT_MS: milliseconds(30_000),
  /** A stage without progress for this long fails its attempt, unless its steps are expected to take long. Milliseconds. */
  PROGRESS_DEADLINE_MS: milliseconds(600_000),
  /** How long a stage may take to stop after it was aborted. Then its process ends. Milliseconds. */
  STOP_GRACE_MS: milliseconds(10_000),
  /** The number of consecutive attempts without progress with which a video fails. */
  MAX_FAILURES: count(3, 1),
  /** How often a task is done again because its output was lost, before the video fails. */
  MAX_REMAKES: count(20, 1),
  /** The delay before the first retry of a failed attempt; it doubles with each further failure. Milliseconds. */
  RETRY_DELAY_MS: milliseconds(1_000),
  /** How long one pull waits for a task. Milliseconds, at least 1000: the NATS client rejects less. */
  PULL_EXPIRES_MS: milliseconds(2_000).pipe(z.number().min(1_000)),
  /** How long a change of a record is retried while NATS does not answer. Milliseconds. */
  RECORD_TIMEOUT_MS: milliseconds(30_000),
  /** How long the provisioner retries while a cluster of NATS is still forming. Milliseconds. */
  PROVISION_TIMEOUT_MS: milliseconds(60_000),
  /** The time limit of one request to NATS. Milliseconds. */
  REQUEST_TIMEOUT_MS: milliseconds(5_000),
  /** How long the housekeeper's lease lasts. It is renewed every third of it. Milliseconds. */
  LEASE_MS: milliseconds(10_000),
  /** The interval of the dispatcher and of the reconciler, which publishes stalled tasks again. Milliseconds. */
  RECONCILE_MS: milliseconds(5_000),
  /** The interval of the garbage collection of artifacts. Milliseconds. */
  COLLECT_MS: milliseconds(60_000),
  /** The age from which an artifact of an unknown video is collected. Milliseconds. */
  ORPHAN_AGE_MS: milliseconds(600_000),
  /** How long the history of a video is kept after its end. The last revision stays. Milliseconds. */
  HISTORY_MS: milliseconds(600_000),
  /**
   * How long a deletion can be undone, at most 30 days. A deleted video uses storage until then. With the default it
   * is gone within a minute, with the time until the next `RECONCILE_MS`. Milliseconds.
   */
  UNDO_MS: milliseconds(50_000, 30 * 86_400_000),
  /** How long a video is kept. Hours. */
  KEEP_HOURS: count(7 * 24, 1),
  /** How long a request id is remembered. Hours. */
  REQUEST_HOURS: count(24, 1),
  /** Videos are admitted while fewer than this many tasks of their model wait for workers. */
  ADMIT_WAITING: count(1, 1),
  /** The most videos that run at the same time. */
  ADMIT_RUNNING: count(64, 1),
  /** The most videos that wait for admission. */
  MAX_QUEUED: count(1_000, 1),
  /** The most unfinished videos of one owner. */
  MAX_ACTIVE_PER_OWNER: count(100, 1),
  /** The most videos of one owner in a day (UTC). */
  MAX_DAILY_PER_OWNER: count(1_000, 1),
  /** How many events a watcher may lag behind before it is dropped. */
  WATCHER_BUFFER: count(256, 1),
  /** The interval and the time limit of the canary. Milliseconds. */
  CANARY_MS: milliseconds(2_000),
  /** The number of replicas of every stream and bucket. */
  NATS_REPLICAS: count(1, 1),
  /**
   * How many videos are made in an hour on average over `KEEP_HOURS`. The limits of the buckets in NATS follow from it: see
   * storage-sizes.ts. 0 for no limits. Videos that would not fit are refused.
   */
  VIDEOS_PER_HOUR: count(0),
  /** A limit for photos, for latents and for media each, instead of what follows from `VIDEOS_PER_HOUR`; 0 for that. MiB. */
  BUCKET_MIB: count(0),
  /** The same for decoded frames, which are kept in memory when there are replicas. MiB. */
  FRAMES_BUCKET_MIB: count(0),
  ...s3SettingsShape,
  /**
   * Whether the system connects to addresses that callers name: it calls webhooks, and downloads photos from `image_url`. With
   * `off`, such requests are refused. Default on.
   */
  OUTBOUND: z.enum(['on', 'off']).default('on'),
  /** The ports that URLs of callers may have, separated by commas. Default 443. */
  OUTBOUND_PORTS: z
    .string()
    .transform((ports) => ports.split(',').map(Number))
    .pipe(z.array(z.number().int().min(1).max(65_535)))
    .default([443]),
  /**
   * For tests on one machine only: URLs of callers may have the scheme `http`, private addresses and any port. Callers can then
   * reach everything that this machine can reach. Default false.
   */
  OUTBOUND_UNSAFE_ALLOW_HTTP_AND_PRIVATE_ADDRESSES: z.stringbool().default(false),
});

export type PipelineSettings = z.output<typeof pipelineSettingsSchema>;

/** The default settings with some of them changed. */
export const pipelineSettings = (changes: Partial<PipelineSettings> = {}): PipelineSettings => ({
  ...pipelineSettingsSchema.parse({}),
  ...changes,
});
