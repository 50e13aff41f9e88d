import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { jetstream } from '@nats-io/jetstream';
import { headers } from '@nats-io/transport-node';
import type { NatsConnection } from '@nats-io/transport-node';
import { StorageFullError, UnavailableError } from '../domain/errors.ts';
import { DeadLetterSchema, TaskSchema } from '../domain/messages.ts';
import type { DeadLetter, VideoRecord } from '../domain/messages.ts';
import type { TaskQueue } from '../domain/ports/task-queue.ts';
import type { PipelineSettings } from '../domain/settings.ts';
import { timestampNow } from '../domain/timestamps.ts';
import { findTask, nameOf } from '../domain/video/routing.ts';
import type { TaskRef } from '../domain/video/routing.ts';
import type { Log } from '../telemetry/log.ts';
import { injectTrace, inSpan } from '../telemetry/trace.ts';
import { withTranslatedErrors } from './errors.ts';
import { deadLetterSubject, workConsumer, workStream, workSubject } from './names.ts';
import { openQueueConsumer } from './queue-consumer.ts';

/** @throws Error when the bytes are not a dead letter. */
export const decodeDeadLetter = (bytes: Uint8Array): DeadLetter => fromBinary(DeadLetterSchema, bytes);

/** The task queue on JetStream: a work queue stream for each stage, and a stream of dead letters. */
export function createTaskQueue(
  nats: NatsConnection,
  settings: Pick<PipelineSettings, 'REQUEST_TIMEOUT_MS' | 'PULL_EXPIRES_MS'>,
  log: Log,
): TaskQueue {
  const timeout = settings.REQUEST_TIMEOUT_MS;
  const client = jetstream(nats, { timeout });

  async function publishTask(record: VideoRecord, ref: TaskRef, dedupSuffix: string): Promise<void> {
    const { owner, videoId, plan } = record;
    const task = create(TaskSchema, { owner, videoId, ...ref });
    const subject = workSubject(ref.stage, { name: plan!.model, digest: plan!.modelDigest }, videoId, ref.segment);
    // With the attempt in it, the server drops duplicates but accepts a task that has to be done again.
    const attempt = findTask(record, ref)?.attempt ?? 0;
    const msgID = `${videoId}/${nameOf(ref)}/${attempt}${dedupSuffix && `/${dedupSuffix}`}`;
    const options = { msgID, timeout, headers: injectTrace(headers(), record.traceParent) };
    const publish = () => client.publish(subject, toBinary(TaskSchema, task), options);
    try {
      await withTranslatedErrors(`publishing ${subject}`, () => inSpan('publish task', {}, publish));
    } catch (error) {
      // The stream keeps one message for each subject: it is full when the task is in the queue already.
      if (error instanceof StorageFullError) return;
      if (!(error instanceof UnavailableError)) throw error;
      log.warn('task not published, the reconciler will publish it', { video: videoId, task: nameOf(ref) });
    }
  }

  return {
    async publish(record, refs, dedupSuffix = '') {
      if (record.plan) await Promise.all(refs.map((ref) => publishTask(record, ref, dedupSuffix)));
    },
    async deadLetter(record, ref, detail) {
      const { owner, videoId } = record;
      const task = { owner, videoId, ...ref };
      const letter = create(DeadLetterSchema, { task, record, detail, time: timestampNow() });
      const subject = deadLetterSubject(ref.stage, videoId);
      const msgID = `dead/${videoId}/${nameOf(ref)}`;
      await withTranslatedErrors('storing a dead letter', () =>
        client.publish(subject, toBinary(DeadLetterSchema, letter), { msgID, timeout }),
      );
    },
    consume(stage, model) {
      const queue = { stream: workStream(stage), consumer: workConsumer(stage, model), schema: TaskSchema };
      return openQueueConsumer(client, queue, settings);
    },
  };
}
