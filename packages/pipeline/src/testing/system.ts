import { create, toJsonString } from '@bufbuild/protobuf';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { v7 } from 'uuid';
import { createObjectArtifacts } from '../artifacts/object-artifacts.ts';
import { connectNats } from '../connect.ts';
import { createLog } from '../log.ts';
import { Lifetime, PlanSchema, VideoRecordSchema } from '../messages.ts';
import { newRecord } from '../records/new-record.ts';
import { openRecords } from '../records/records.ts';
import type { StoredRecord, VideoRef } from '../records/records.ts';
import { admitVideo } from '../records/video-changes.ts';
import { dueTasks } from '../routing.ts';
import { pipelineSettings } from '../settings.ts';
import type { PipelineSettings } from '../settings.ts';
import { createTaskQueue } from '../tasks.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import type { WorkerParts } from '../worker/do-task.ts';

export const TEST_MODEL = { name: 'sum', digest: '00000000' };

/** Settings for tests: every interval short. */
export const testSettings = (changes: Partial<PipelineSettings> = {}): PipelineSettings =>
  pipelineSettings({
    ACK_WAIT_MS: 1_500,
    PROGRESS_DEADLINE_MS: 10_000,
    STOP_GRACE_MS: 1_000,
    RETRY_DELAY_MS: 100,
    PULL_EXPIRES_MS: 1_000,
    ARTIFACT_IDLE_MS: 1_000,
    REQUEST_TIMEOUT_MS: 2_000,
    LEASE_MS: 1_500,
    RECONCILE_MS: 500,
    COLLECT_MS: 500,
    ORPHAN_AGE_MS: 2_000,
    UNDO_MS: 1_000,
    CANARY_MS: 500,
    ...changes,
  });

type PlanChanges = Exclude<MessageInitShape<typeof PlanSchema>, { readonly $typeName: string }>;

/** A connection and everything that workers and tests do with it. */
export interface TestSystem extends WorkerParts, AsyncDisposable {
  /** Makes a video's record, QUEUED. */
  add(photo: string, plan?: PlanChanges, owner?: string): Promise<StoredRecord>;
  /** Lets it in, as the dispatcher does. */
  admit(ref: VideoRef): Promise<void>;
  /** Waits until a record is as wanted. */
  until(ref: VideoRef, wanted: (stored: StoredRecord) => boolean, timeout?: number): Promise<StoredRecord>;
}

/** @param log where lines of the log go; nowhere unless it is given. */
export async function openTestSystem(
  url: string,
  service: string,
  settings: PipelineSettings,
  log: (line: string) => void = () => undefined,
): Promise<TestSystem> {
  const nats = await connectNats(service, { NATS_URL: url });
  const records = await openRecords(nats, settings);
  const artifacts = createObjectArtifacts(nats, settings);
  const ownLog = createLog(service, { write: log });
  const tasks = createTaskQueue(nats, settings, ownLog);

  return {
    nats,
    records,
    artifacts,
    tasks,
    settings,
    metrics: createMetrics(service),
    log: ownLog,
    async add(photo, plan = {}, owner = 'ann') {
      const videoId = v7();
      const artifact = await artifacts.put(Lifetime.PHOTO, `${videoId}/photo`, 'photo', Buffer.from(photo));
      const record = newRecord({
        owner,
        videoId,
        requestId: videoId,
        keepHours: 1,
        photo: artifact,
        plan: create(PlanSchema, {
          model: TEST_MODEL.name,
          modelDigest: TEST_MODEL.digest,
          segments: 2,
          segmentFrames: 4,
          decodeChunks: [2, 2],
          frames: 7,
          width: 64,
          height: 64,
          steps: 6,
          checkpointSteps: 2,
          ...plan,
        }),
      });
      const stored = await records.create(record);
      if (!stored) throw new Error('the record is there already');
      return stored;
    },
    async admit(ref) {
      const { record } = await records.update(ref, admitVideo);
      await tasks.publish(record, dueTasks(record));
    },
    async until(ref, wanted, timeout = 20_000) {
      const deadline = Date.now() + timeout;
      for (;;) {
        const stored = await records.get(ref).catch(() => null);
        if (stored && wanted(stored)) return stored;
        if (Date.now() > deadline) {
          throw new Error(`it took too long: ${stored ? toJsonString(VideoRecordSchema, stored.record) : 'no record'}`);
        }
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    [Symbol.asyncDispose]: () => nats.close(),
  };
}
