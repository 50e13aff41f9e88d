import { create, toJsonString } from '@bufbuild/protobuf';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { v7 } from 'uuid';
import { connectNats } from '../nats/connect.ts';
import type { NatsConnection } from '../nats/connect.ts';
import { createLog } from '../telemetry/log.ts';
import { Lifetime, PlanSchema, VideoRecordSchema } from '../domain/messages.ts';
import { newRecord } from '../domain/video/new-record.ts';
import type { StoredRecord, VideoRef } from '../domain/ports/records.ts';
import { admitVideo } from '../domain/video/video-changes.ts';
import { dueTasks } from '../domain/video/routing.ts';
import { pipelineSettings } from '../domain/settings.ts';
import type { PipelineSettings } from '../domain/settings.ts';
import { openWorkerPorts } from '../storage/worker-ports.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import type { TaskOptions } from '../process/worker/worker-options.ts';

export const TEST_MODEL = { name: 'sum', digest: '00000000' };

/** Settings for tests, with short intervals. */
export const testSettings = (changes: Partial<PipelineSettings> = {}): PipelineSettings =>
  pipelineSettings({
    ACK_WAIT_MS: 1_500,
    PROGRESS_DEADLINE_MS: 10_000,
    STOP_GRACE_MS: 1_000,
    RETRY_DELAY_MS: 100,
    PULL_EXPIRES_MS: 1_000,
    REQUEST_TIMEOUT_MS: 2_000,
    LEASE_MS: 1_500,
    RECONCILE_MS: 500,
    COLLECT_MS: 500,
    S3_COLLECT_MS: 500,
    ORPHAN_AGE_MS: 2_000,
    UNDO_MS: 1_000,
    CANARY_MS: 500,
    ...changes,
  });

type PlanChanges = Exclude<MessageInitShape<typeof PlanSchema>, { readonly $typeName: string }>;

/** A connection, and everything that workers and tests need on it. */
export interface TestSystem extends Omit<TaskOptions, 'handler'>, AsyncDisposable {
  readonly nats: NatsConnection;
  /** Creates the record of a video in the state QUEUED. */
  add(photo: string, plan?: PlanChanges, owner?: string): Promise<StoredRecord>;
  /** Admits a video, as the dispatcher does. */
  admit(ref: VideoRef): Promise<void>;
  /** Waits until a record meets a condition. */
  until(ref: VideoRef, wanted: (stored: StoredRecord) => boolean, timeout?: number): Promise<StoredRecord>;
}

/** @param write receives the lines of the log; they are dropped by default. */
export async function openTestSystem(
  url: string,
  service: string,
  settings: PipelineSettings,
  write: (line: string) => void = () => undefined,
): Promise<TestSystem> {
  const nats = await connectNats(service, { NATS_URL: url });
  const log = createLog(service, { write });
  const ports = await openWorkerPorts(nats, settings, log);
  const { records, artifacts, tasks } = ports;

  return {
    ...ports,
    nats,
    settings,
    metrics: createMetrics(service),
    log,
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
      if (!stored) throw new Error('the record exists already');
      return stored;
    },
    async admit(ref) {
      const { stored } = await records.update(ref, admitVideo);
      await tasks.publish(stored.record, dueTasks(stored.record));
    },
    async until(ref, wanted, timeout = 20_000) {
      const deadline = Date.now() + timeout;
      for (;;) {
        const stored = await records.get(ref).catch(() => null);
        if (stored && wanted(stored)) return stored;
        if (Date.now() > deadline) {
          throw new Error(
            `timed out waiting for a record: ${stored ? toJsonString(VideoRecordSchema, stored.record) : 'no record'}`,
          );
        }
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    [Symbol.asyncDispose]: () => nats.close(),
  };
}
