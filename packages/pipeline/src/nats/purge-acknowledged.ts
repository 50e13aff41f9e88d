import type { JetStreamManager } from '@nats-io/jetstream';
import { STAGES } from '../domain/stages.ts';
import { WEBHOOK_STREAM, workStream } from './names.ts';
import { withTranslatedErrors } from './errors.ts';

/**
 * Removes task messages that were acknowledged and reappeared when the server crashed. They are never delivered again,
 * but they occupy their subject, so that the task cannot be published. Every message up to a consumer's acknowledgement
 * floor has been acknowledged, so nothing else is removed.
 * @returns how many messages were removed.
 * @throws UnavailableError
 */
export const purgeAcknowledged = (manager: JetStreamManager): Promise<number> =>
  withTranslatedErrors('removing acknowledged messages', () => purgeAll(manager));

async function purgeAll(manager: JetStreamManager): Promise<number> {
  let removed = 0;
  for (const stream of [...STAGES.map(workStream), WEBHOOK_STREAM]) {
    const { state } = await manager.streams.info(stream);
    if (state.messages === 0) continue;
    const consumers = await manager.consumers.list(stream).next();
    const alive = consumers.reduce((sum, { num_pending, num_ack_pending }) => sum + num_pending + num_ack_pending, 0);
    if (state.messages <= alive) continue;
    for (const { config, ack_floor } of consumers) {
      if (!config.filter_subject || ack_floor.stream_seq === 0) continue;
      const { purged } = await manager.streams.purge(stream, {
        filter: config.filter_subject,
        seq: ack_floor.stream_seq + 1,
      });
      removed += purged;
    }
  }
  return removed;
}
