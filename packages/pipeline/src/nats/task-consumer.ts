import { fromBinary } from '@bufbuild/protobuf';
import type { Consumer, JetStreamClient, JsMsg } from '@nats-io/jetstream';
import { TaskSchema } from '../domain/messages.ts';
import type { PipelineStage, Task } from '../domain/messages.ts';
import type { ModelRef } from '../domain/model-ref.ts';
import type { TaskConsumer, TaskDelivery } from '../domain/ports/task-queue.ts';
import type { PipelineSettings } from '../domain/settings.ts';
import { workConsumer, workStream } from './names.ts';

/** Pulls tasks, one message at a time, from the consumer that the provisioner has created. */
export function openTaskConsumer(
  client: JetStreamClient,
  stage: PipelineStage,
  model: ModelRef,
  settings: Pick<PipelineSettings, 'REQUEST_TIMEOUT_MS' | 'PULL_EXPIRES_MS'>,
): TaskConsumer {
  let consumer: Consumer | null = null;
  return {
    async next() {
      try {
        consumer ??= await client.consumers.get(workStream(stage), workConsumer(stage, model));
        const message = await consumer.next({ expires: settings.PULL_EXPIRES_MS });
        return message && toDelivery(message, settings.REQUEST_TIMEOUT_MS);
      } catch (error) {
        consumer = null;
        throw error;
      }
    },
  };
}

const toDelivery = (message: JsMsg, timeout: number): TaskDelivery => ({
  task: decodeTask(message.data),
  subject: message.subject,
  redelivered: message.info.deliveryCount > 1,
  trace: { get: (name) => (message.headers?.has(name) ? message.headers.get(name) : undefined) },
  working: () => message.working(),
  async ack() {
    await message.ackAck({ timeout }).catch(() => false);
  },
  nak: (delay) => message.nak(delay),
  term: () => message.term(),
});

function decodeTask(bytes: Uint8Array): Task | null {
  try {
    return fromBinary(TaskSchema, bytes);
  } catch {
    return null;
  }
}
