import { z } from 'zod';

const milliseconds = (fallback: number) => z.coerce.number().int().min(1).max(86_400_000).default(fallback);
const count = (fallback: number, least = 0) => z.coerce.number().int().min(least).max(1_000_000_000).default(fallback);

/**
 * Every interval and limit of the pipeline, as environment variables. The defaults are for people; tests run on short
 * ones. All services of a system run with the same ones.
 */
export const pipelineSettingsSchema = z.object({
  /** A worker that says nothing for this long has lost its task: the time to recover from a crash. Milliseconds. */
  ACK_WAIT_MS: milliseconds(30_000),
  /** A stage that makes no progress for this long has failed its attempt. Milliseconds. */
  PROGRESS_DEADLINE_MS: milliseconds(600_000),
  /** How long a stage that is told to stop may take before its process is given up. Milliseconds. */
  STOP_GRACE_MS: milliseconds(10_000),
  /** Attempts in a row without progress before a video fails. */
  MAX_FAILURES: count(3, 1),
  /** Times that a task is made again because its result was lost, before the video fails. */
  MAX_REMAKES: count(20, 1),
  /** The delay before a failed attempt is tried again; it doubles each time. Milliseconds. */
  RETRY_DELAY_MS: milliseconds(1_000),
  /** How long one pull for work lasts. Milliseconds, at least 1000: the client refuses less. */
  PULL_EXPIRES_MS: milliseconds(2_000).pipe(z.number().min(1_000)),
  /** A read of an artifact that gives nothing for this long is broken. Milliseconds. */
  ARTIFACT_IDLE_MS: milliseconds(5_000),
  /** How long a change of a record is tried while NATS does not answer. Milliseconds. */
  RECORD_TIMEOUT_MS: milliseconds(30_000),
  /** How long the provisioner tries while NATS can't make what it asks for: a cluster may still be gathering. Milliseconds. */
  PROVISION_TIMEOUT_MS: milliseconds(60_000),
  /** One request to NATS. Milliseconds. */
  REQUEST_TIMEOUT_MS: milliseconds(5_000),
  /** How long a leader's lease lasts; it is renewed every third of it. Milliseconds. */
  LEASE_MS: milliseconds(10_000),
  /** How often the reconciler looks for what has stalled. Milliseconds. */
  RECONCILE_MS: milliseconds(5_000),
  /** How often artifacts that nothing refers to are looked for. Milliseconds. */
  COLLECT_MS: milliseconds(60_000),
  /** How old an artifact without a reference must be to count as rubbish. Milliseconds. */
  ORPHAN_AGE_MS: milliseconds(600_000),
  /** How long every change of a finished video can be replayed; after that its last state stays. Milliseconds. */
  HISTORY_MS: milliseconds(600_000),
  /** How long a deleted video can be brought back. Milliseconds. */
  UNDO_MS: milliseconds(60_000),
  /** How long a video is kept. Hours. */
  KEEP_HOURS: count(7 * 24, 1),
  /** How long a request id is remembered after its video is gone. Hours. */
  REQUEST_HOURS: count(24, 1),
  /** Tasks that may wait for workers before the dispatcher lets another video in. */
  ADMIT_WAITING: count(1, 1),
  /** Videos that may be under way at once. */
  ADMIT_RUNNING: count(64, 1),
  /** Videos that may wait in all. */
  MAX_QUEUED: count(1_000, 1),
  /** Unfinished videos of one caller. */
  MAX_ACTIVE_PER_OWNER: count(100, 1),
  /** Videos of one caller in a day. */
  MAX_DAILY_PER_OWNER: count(1_000, 1),
  /** Events that a watcher may be behind before it is dropped. */
  WATCHER_BUFFER: count(256, 1),
  /** How often the canary is sent, and how long it may take. Milliseconds. */
  CANARY_MS: milliseconds(2_000),
  /** Replicas of every stream and bucket. */
  NATS_REPLICAS: count(1, 1),
  /** Room for photos, latents and media each; 0 is no limit. MiB. */
  BUCKET_MIB: count(0),
  /** Room for decoded frames, which are kept in memory where there are replicas; 0 is no limit. MiB. */
  FRAMES_BUCKET_MIB: count(0),
});

export type PipelineSettings = z.output<typeof pipelineSettingsSchema>;

/** Settings with every default, and these. */
export const pipelineSettings = (changes: Partial<PipelineSettings> = {}): PipelineSettings => ({
  ...pipelineSettingsSchema.parse({}),
  ...changes,
});
