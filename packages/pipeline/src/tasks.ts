import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { jetstream } from '@nats-io/jetstream';
import { headers } from '@nats-io/transport-node';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Log } from './log.ts';
import { DeadLetterSchema, TaskSchema } from './messages.ts';
import type { DeadLetter, Task, VideoRecord } from './messages.ts';
import { deadLetterSubject, workSubject } from './names.ts';
import { timestampNow } from './records/time.ts';
import { findTask, nameOf } from './routing.ts';
import type { TaskRef } from './routing.ts';
import type { PipelineSettings } from './settings.ts';
import { injectTrace, inSpan } from './telemetry/trace.ts';
import { reaching, StorageFullError, UnavailableError } from './unavailable.ts';

/** Tells workers of tasks. */
export interface TaskQueue {
  /**
   * Publishes hints. None of it is sure to arrive: what does not is found by the reconciler, so nothing is thrown for
   * a NATS that is away or a queue that is full or has the task already.
   * @param again what makes another hint for the same attempt a new one.
   */
  publish(record: VideoRecord, refs: readonly TaskRef[], again?: string): Promise<void>;
  /** Keeps a task that was given up, once. @throws UnavailableError */
  bury(record: VideoRecord, ref: TaskRef, detail: string): Promise<void>;
}

/** @throws Error for bytes that are none. */
export const decodeTask = (bytes: Uint8Array): Task => fromBinary(TaskSchema, bytes);
export const decodeDeadLetter = (bytes: Uint8Array): DeadLetter => fromBinary(DeadLetterSchema, bytes);

export function createTaskQueue(
  nats: NatsConnection,
  settings: Pick<PipelineSettings, 'REQUEST_TIMEOUT_MS'>,
  log: Log,
): TaskQueue {
  const timeout = settings.REQUEST_TIMEOUT_MS;
  const stream = jetstream(nats, { timeout });

  async function publishOne(record: VideoRecord, ref: TaskRef, again: string): Promise<void> {
    const { owner, videoId, plan } = record;
    const task = create(TaskSchema, { owner, videoId, ...ref });
    const subject = workSubject(ref.stage, { name: plan!.model, digest: plan!.modelDigest }, videoId, ref.segment);
    // The attempt, so that the server drops what is said twice, but not what has to be done again.
    const msgID = `${videoId}/${nameOf(ref)}/${findTask(record, ref)?.attempt ?? 0}${again && `/${again}`}`;
    const follows = injectTrace(headers(), record.traceParent);
    const publish = () => stream.publish(subject, toBinary(TaskSchema, task), { msgID, timeout, headers: follows });
    try {
      await reaching(`publishing ${subject}`, () => inSpan('publish task', {}, publish));
    } catch (error) {
      // Full for a subject means that the task is in the queue already.
      if (error instanceof StorageFullError) return;
      if (!(error instanceof UnavailableError)) throw error;
      log.warn('a task could not be published: the reconciler will', { video: videoId, task: nameOf(ref) });
    }
  }

  return {
    async publish(record, refs, again = '') {
      if (record.plan) await Promise.all(refs.map((ref) => publishOne(record, ref, again)));
    },
    async bury(record, ref, detail) {
      const { owner, videoId } = record;
      const letter = create(DeadLetterSchema, {
        task: { owner, videoId, ...ref },
        record,
        detail,
        time: timestampNow(),
      });
      const msgID = `dead/${videoId}/${nameOf(ref)}`;
      await reaching('keeping a dead letter', () =>
        stream.publish(deadLetterSubject(ref.stage, videoId), toBinary(DeadLetterSchema, letter), { msgID, timeout }),
      );
    },
  };
}
