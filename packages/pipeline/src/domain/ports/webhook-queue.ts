import type { VideoRecord, WebhookTask } from '../messages.ts';
import type { QueueConsumer } from './task-queue.ts';

/** Queues the webhooks that are due. A message is only a hint: the record decides whether a webhook has to be called. */
export interface WebhookQueue {
  /**
   * Publishes webhooks of a video. Delivery is best effort: nothing is thrown when the queue is unavailable or holds the
   * webhook already, because the housekeeper publishes whatever got lost.
   * @param indexes their positions in the record.
   * @param dedupSuffix distinguishes a deliberate repetition from an accidental duplicate.
   */
  publish(record: VideoRecord, indexes: readonly number[], dedupSuffix?: string): Promise<void>;
  /** Stores a webhook that was given up, for an operator to look at. @throws UnavailableError */
  deadLetter(record: VideoRecord, index: number): Promise<void>;
  /** Takes the webhooks that are due. */
  consume(): QueueConsumer<WebhookTask>;
}
