import { create, toBinary } from '@bufbuild/protobuf';
import { jetstream } from '@nats-io/jetstream';
import { headers } from '@nats-io/transport-node';
import type { NatsConnection } from '@nats-io/transport-node';
import { StorageFullError, UnavailableError } from '../domain/errors.ts';
import { DeadLetterSchema, WebhookTaskSchema } from '../domain/messages.ts';
import type { VideoRecord } from '../domain/messages.ts';
import type { WebhookQueue } from '../domain/ports/webhook-queue.ts';
import type { PipelineSettings } from '../domain/settings.ts';
import { timestampNow } from '../domain/timestamps.ts';
import type { Log } from '../telemetry/log.ts';
import { injectTrace } from '../telemetry/trace.ts';
import { withTranslatedErrors } from './errors.ts';
import { WEBHOOK_CONSUMER, WEBHOOK_STREAM, webhookDeadLetterSubject, webhookSubject } from './names.ts';
import { openQueueConsumer } from './queue-consumer.ts';

/** The queue of webhooks on JetStream: a work queue stream, and the stream of dead letters. */
export function createWebhookQueue(
  nats: NatsConnection,
  settings: Pick<PipelineSettings, 'REQUEST_TIMEOUT_MS' | 'PULL_EXPIRES_MS'>,
  log: Log,
): WebhookQueue {
  const timeout = settings.REQUEST_TIMEOUT_MS;
  const client = jetstream(nats, { timeout });

  async function publishOne(record: VideoRecord, index: number, dedupSuffix: string): Promise<void> {
    const { owner, videoId } = record;
    const subject = webhookSubject(videoId, index);
    const data = toBinary(WebhookTaskSchema, create(WebhookTaskSchema, { owner, videoId, index }));
    const msgID = `${subject}${dedupSuffix && `/${dedupSuffix}`}`;
    const options = { msgID, timeout, headers: injectTrace(headers(), record.traceParent) };
    try {
      await withTranslatedErrors(`publishing ${subject}`, () => client.publish(subject, data, options));
    } catch (error) {
      // The stream keeps one message for each subject: it is full when the webhook is in the queue already.
      if (error instanceof StorageFullError) return;
      if (!(error instanceof UnavailableError)) throw error;
      log.warn('webhook not queued, the housekeeper will queue it', { video: videoId, webhook: index });
    }
  }

  return {
    async publish(record, indexes, dedupSuffix = '') {
      await Promise.all(indexes.map((index) => publishOne(record, index, dedupSuffix)));
    },
    async deadLetter(record, index) {
      const { owner, videoId } = record;
      const webhook = { owner, videoId, index };
      const detail = record.webhooks[index]?.lastError ?? '';
      const letter = create(DeadLetterSchema, { webhook, record, detail, time: timestampNow() });
      const subject = webhookDeadLetterSubject(videoId);
      const options = { msgID: `${subject}/${index}`, timeout };
      await withTranslatedErrors('storing a dead letter', () =>
        client.publish(subject, toBinary(DeadLetterSchema, letter), options),
      );
    },
    consume() {
      const queue = { stream: WEBHOOK_STREAM, consumer: WEBHOOK_CONSUMER, schema: WebhookTaskSchema };
      return openQueueConsumer(client, queue, settings);
    },
  };
}
