import { fromBinary } from '@bufbuild/protobuf';
import type { DescMessage, MessageShape } from '@bufbuild/protobuf';
import type { Consumer, JetStreamClient, JsMsg } from '@nats-io/jetstream';
import type { Delivery, QueueConsumer } from '../domain/ports/task-queue.ts';
import type { PipelineSettings } from '../domain/settings.ts';

/** Where messages are pulled from, and what they are. */
interface Queue<D extends DescMessage> {
  readonly stream: string;
  readonly consumer: string;
  readonly schema: D;
}

/** Pulls messages, one at a time, from a consumer that the provisioner has created. */
export function openQueueConsumer<D extends DescMessage>(
  client: JetStreamClient,
  { stream, consumer: name, schema }: Queue<D>,
  settings: Pick<PipelineSettings, 'REQUEST_TIMEOUT_MS' | 'PULL_EXPIRES_MS'>,
): QueueConsumer<MessageShape<D>> {
  let consumer: Consumer | null = null;
  return {
    async next() {
      try {
        consumer ??= await client.consumers.get(stream, name);
        const message = await consumer.next({ expires: settings.PULL_EXPIRES_MS });
        return message && toDelivery(message, schema, settings.REQUEST_TIMEOUT_MS);
      } catch (error) {
        consumer = null;
        throw error;
      }
    },
  };
}

const toDelivery = <D extends DescMessage>(message: JsMsg, schema: D, timeout: number): Delivery<MessageShape<D>> => ({
  task: decode(schema, message.data),
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

function decode<D extends DescMessage>(schema: D, bytes: Uint8Array): MessageShape<D> | null {
  try {
    return fromBinary(schema, bytes);
  } catch {
    return null;
  }
}
