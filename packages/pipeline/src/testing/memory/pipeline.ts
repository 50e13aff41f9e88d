import { create } from '@bufbuild/protobuf';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { Lifetime, PlanSchema } from '../../domain/messages.ts';
import type { Artifacts } from '../../domain/ports/artifacts.ts';
import type { Leases } from '../../domain/ports/leases.ts';
import type { QuotaStore } from '../../domain/ports/quota-store.ts';
import type { StoredRecord, VideoRef } from '../../domain/ports/records.ts';
import type { Requests } from '../../domain/ports/requests.ts';
import { newRecord } from '../../domain/video/new-record.ts';
import { admitVideo } from '../../domain/video/video-changes.ts';
import { createMemoryQuotaStore, createMemoryRequests } from './admission-ports.ts';
import { createMemoryArtifacts } from './artifacts.ts';
import { createMemoryLeases } from './leases.ts';
import { createMemoryRecords } from './records.ts';
import type { MemoryRecords } from './records.ts';
import { createMemoryTaskQueue } from './task-queue.ts';
import type { MemoryTaskQueue } from './task-queue.ts';
import { createMemoryWebhookQueue } from './webhook-queue.ts';
import type { MemoryWebhookQueue } from './webhook-queue.ts';
import { createMemoryTable } from './video-table.ts';
import type { MemoryTable } from './video-table.ts';

type PlanChanges = Exclude<MessageInitShape<typeof PlanSchema>, { readonly $typeName: string }>;

/** A plan of one segment with two steps. */
export const testPlan = (changes: PlanChanges = {}) =>
  create(PlanSchema, {
    model: 'sum',
    modelDigest: '00000000',
    segments: 1,
    segmentFrames: 2,
    decodeChunks: [2],
    frames: 2,
    width: 64,
    height: 64,
    steps: 2,
    checkpointSteps: 1,
    ...changes,
  });

/** Further values of a new record. */
interface AddOptions {
  /** @default ann */
  readonly owner?: string;
  readonly plan?: PlanChanges;
  /** @default none */
  readonly webhookUrls?: readonly string[];
}

/** Everything that the rules of the pipeline need, in memory. */
export interface MemoryPipeline {
  readonly records: MemoryRecords;
  readonly table: MemoryTable;
  readonly tasks: MemoryTaskQueue;
  readonly webhooks: MemoryWebhookQueue;
  readonly artifacts: Artifacts;
  readonly requests: Requests;
  readonly quotaStore: QuotaStore;
  readonly leases: Leases;
  /** Stores a photo and the record of a video in the state QUEUED. The table does not have it yet. */
  add(videoId: string, options?: AddOptions): Promise<StoredRecord>;
  /** Admits a video, as the dispatcher does. */
  admit(ref: VideoRef): Promise<StoredRecord>;
}

export function createMemoryPipeline(): MemoryPipeline {
  const records = createMemoryRecords();
  const artifacts = createMemoryArtifacts();
  return {
    records,
    artifacts,
    table: createMemoryTable(records),
    tasks: createMemoryTaskQueue(),
    webhooks: createMemoryWebhookQueue(),
    requests: createMemoryRequests(),
    quotaStore: createMemoryQuotaStore(),
    leases: createMemoryLeases(),
    async add(videoId, { owner = 'ann', plan, webhookUrls } = {}) {
      const photo = await artifacts.put(Lifetime.PHOTO, `${videoId}/photo`, 'photo', Buffer.from('a photo'));
      const values = { owner, videoId, requestId: videoId, plan: testPlan(plan), photo, webhookUrls, keepHours: 1 };
      const stored = await records.create(newRecord(values));
      if (!stored) throw new Error('the record exists already');
      return stored;
    },
    admit: async (ref) => (await records.update(ref, admitVideo)).stored,
  };
}
