import type { VideoRecord } from '../../domain/messages.ts';
import type { WebhookQueue } from '../../domain/ports/webhook-queue.ts';

/** A queue of webhooks that only notes what is published. Tests hand the messages to the deliverer themselves. */
export interface MemoryWebhookQueue extends WebhookQueue {
  /** What was published, in order: `v1/0`. */
  readonly published: readonly string[];
  /** The webhooks that were given up, without repetitions: `v1/0 the reason`. */
  readonly deadLetters: readonly string[];
}

export function createMemoryWebhookQueue(): MemoryWebhookQueue {
  const published: string[] = [];
  const deadLetters = new Set<string>();
  const nameOf = ({ videoId }: VideoRecord, index: number) => `${videoId}/${index}`;
  return {
    published,
    get deadLetters() {
      return [...deadLetters];
    },
    publish(record, indexes) {
      published.push(...indexes.map((index) => nameOf(record, index)));
      return Promise.resolve();
    },
    deadLetter(record, index) {
      deadLetters.add(`${nameOf(record, index)} ${record.webhooks[index]?.lastError ?? ''}`);
      return Promise.resolve();
    },
    consume: () => ({ next: () => Promise.resolve(null) }),
  };
}
