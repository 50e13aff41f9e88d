import type { JetStreamManager } from '@nats-io/jetstream';
import { STAGES, workStream } from '../names.ts';
import { reaching } from '../unavailable.ts';

/**
 * Removes messages that were acknowledged and came back when the server crashed: they are never delivered again, and yet
 * count, and keep their task from being told of. Everything up to a consumer's floor is acknowledged, so that this is exact.
 * @returns how many were removed.
 */
export const purgeAcked = (manager: JetStreamManager): Promise<number> =>
  reaching('removing what was acknowledged', () => purgeAll(manager));

async function purgeAll(manager: JetStreamManager): Promise<number> {
  let removed = 0;
  for (const stage of STAGES) {
    const stream = workStream(stage);
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
