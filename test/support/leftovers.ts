import { jetstreamManager } from '@nats-io/jetstream';
import {
  bucketName,
  bucketStream,
  DEAD_LETTER_STREAM,
  LIFETIMES,
  STAGES,
  WEBHOOK_STREAM,
  workStream,
} from '@cinematica/pipeline';
import type { RealSystem } from './real-system.ts';

/** Counts what is stored: the objects of each bucket, chunks without an object, and messages of queues. Zeros are left out. */
export async function leftovers({
  nats,
  artifacts,
}: Pick<RealSystem, 'nats' | 'artifacts'>): Promise<Record<string, number>> {
  const manager = await jetstreamManager(nats, { checkAPI: false });
  const counts: Record<string, number> = {};
  const count = (name: string, number: number) => {
    if (number > 0) counts[name] = number;
  };
  for (const lifetime of LIFETIMES) {
    const name = bucketName(lifetime);
    const objects = (await artifacts.list(lifetime)).length;
    const subjects_filter = `$O.${name}.C.>`;
    const { state } = await manager.streams.info(bucketStream(lifetime), { subjects_filter });
    count(name, objects);
    count(`${name}: chunks without object`, Object.keys(state.subjects ?? {}).length - objects);
  }
  for (const stream of [...STAGES.map(workStream), WEBHOOK_STREAM, DEAD_LETTER_STREAM]) {
    count(stream, (await manager.streams.info(stream)).state.messages);
  }
  return counts;
}

/** How often messages of the work queues were delivered again. */
export async function redeliveries({ nats }: RealSystem): Promise<number> {
  const manager = await jetstreamManager(nats, { checkAPI: false });
  let more = 0;
  for (const stream of STAGES.map(workStream)) {
    const { state } = await manager.streams.info(stream);
    const consumers = await manager.consumers.list(stream).next();
    const deliveries = consumers.reduce((sum, { delivered }) => sum + delivered.consumer_seq, 0);
    more += Math.max(0, deliveries - state.last_seq);
  }
  return more;
}
