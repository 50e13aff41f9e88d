import { create, toBinary } from '@bufbuild/protobuf';
import type { NatsConnection } from '@nats-io/transport-node';
import { QueueStateSchema } from '../domain/messages.ts';
import type { QueueTurns } from '../domain/ports/queue-turns.ts';
import type { PipelineSettings } from '../domain/settings.ts';
import { lazyBucket } from './bucket.ts';
import { withTranslatedErrors } from './errors.ts';
import { QUEUE_STATE_KEY, RECORDS_BUCKET } from './names.ts';

export function createQueueTurns(
  nats: NatsConnection,
  settings: Pick<PipelineSettings, 'REQUEST_TIMEOUT_MS'>,
): QueueTurns {
  const open = lazyBucket(nats, RECORDS_BUCKET, settings);
  return {
    async save(turn) {
      const bucket = await open();
      const value = toBinary(QueueStateSchema, create(QueueStateSchema, turn));
      await withTranslatedErrors('saving the queue state', () => bucket.put(QUEUE_STATE_KEY, value));
    },
  };
}
