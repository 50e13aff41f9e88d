import type { JetStreamClient, JsMsg, OrderedPushConsumerOptions } from '@nats-io/jetstream';
import { DeliverPolicy } from '@nats-io/jetstream';
import { UnavailableError } from '../domain/errors.ts';
import { RECORDS_BUCKET, RECORDS_STREAM } from './names.ts';

const prefix = `$KV.${RECORDS_BUCKET}.`;

/** How long the server may take for the next message. Milliseconds. */
const STALL_MS = 10_000;

/**
 * Reads what is stored in the bucket of the records now, and removes its consumer. The bucket's own `history`, `keys` and
 * `watch` leave a consumer on the server for five minutes with each call.
 * @param key may contain wildcards.
 * @throws UnavailableError when the server sends nothing for {@link STALL_MS}; errors of the NATS client.
 */
export async function* storedMessages(
  client: JetStreamClient,
  key: string,
  options: Partial<Pick<OrderedPushConsumerOptions, 'deliver_policy' | 'headers_only'>>,
): AsyncGenerator<JsMsg, void, undefined> {
  const consumer = await client.consumers.getPushConsumer(RECORDS_STREAM, {
    ...options,
    filter_subjects: `${prefix}${key}`,
  });
  try {
    if ((await consumer.info(true)).num_pending === 0) return;
    const messages = await consumer.consume();
    const stall = () => messages.stop(new UnavailableError('NATS stopped sending while stored messages were read'));
    let timer = setTimeout(stall, STALL_MS);
    try {
      for await (const message of messages) {
        clearTimeout(timer);
        yield message;
        if (message.info.pending === 0) return;
        timer = setTimeout(stall, STALL_MS);
      }
    } finally {
      clearTimeout(timer);
    }
  } finally {
    // If NATS is unreachable by now, the server removes the consumer itself.
    await consumer.delete().catch(() => false);
  }
}

/** Whether a message marks its key as deleted or purged. */
export const isMarker = (message: JsMsg): boolean => message.headers?.has('KV-Operation') ?? false;

/**
 * Lists the last message of each key, without its value. A key that changes while the keys are listed is listed twice.
 * @param key may contain wildcards.
 */
export async function* lastMessages(
  client: JetStreamClient,
  key: string,
): AsyncGenerator<{ readonly key: string; readonly message: JsMsg }, void, undefined> {
  const options = { deliver_policy: DeliverPolicy.LastPerSubject, headers_only: true };
  for await (const message of storedMessages(client, key, options)) {
    yield { key: message.subject.slice(prefix.length), message };
  }
}

/** Lists the keys of the records' bucket that are not deleted. @param key may contain wildcards. */
export async function listKeys(client: JetStreamClient, key: string): Promise<Set<string>> {
  const keys = new Set<string>();
  for await (const found of lastMessages(client, key)) {
    if (isMarker(found.message)) keys.delete(found.key);
    else keys.add(found.key);
  }
  return keys;
}
