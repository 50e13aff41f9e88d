import { createSemaphore } from '@cinematica/concurrency';
import { UnavailableError } from '@cinematica/pipeline';
import type { Delivery, Log, PipelineSettings, QueueConsumer, WebhookTask } from '@cinematica/pipeline';
import { setTimeout as delay } from 'node:timers/promises';
import type { Verdict } from './deliver.ts';

/** Options of the webhook worker. All of them are required. */
export interface WebhookWorkerOptions {
  readonly consumer: QueueConsumer<WebhookTask>;
  /** Handles one message. @throws UnavailableError to have it delivered again; the signal's reason. */
  readonly deliver: (task: WebhookTask, signal: AbortSignal) => Promise<Verdict>;
  readonly settings: Pick<PipelineSettings, 'ACK_WAIT_MS' | 'RETRY_DELAY_MS'>;
  readonly log: Log;
}

/** Takes webhooks from their queue and delivers them. */
export interface WebhookWorker {
  /** Takes no more, lets running attempts end for so many milliseconds, and returns the rest to the queue. */
  drain(graceMs: number): Promise<void>;
}

/** Attempts at the same time. A receiver that does not answer occupies one of them for `WEBHOOK_TIMEOUT_MS`. */
const CONCURRENCY = 64;

export function startWebhookWorker({ consumer, deliver, settings, log }: WebhookWorkerOptions): WebhookWorker {
  const draining = new AbortController();
  const stopped = new AbortController();
  const slots = createSemaphore(CONCURRENCY);
  const running = new Set<Promise<void>>();

  async function handle(message: Delivery<WebhookTask>): Promise<void> {
    const { task } = message;
    if (!task) {
      log.error('message of the webhook queue cannot be decoded', undefined, { subject: message.subject });
      message.term();
      return;
    }
    const heartbeat = setInterval(() => message.working(), settings.ACK_WAIT_MS / 3);
    try {
      const verdict = await deliver(task, stopped.signal);
      if (verdict.kind === 'ack') await message.ack();
      else message.nak(verdict.delay);
    } catch (error) {
      const isExpected = stopped.signal.aborted || error instanceof UnavailableError;
      if (!isExpected) log.error('webhook not delivered', error, { video: task.videoId, webhook: task.index });
      message.nak(stopped.signal.aborted ? 0 : settings.RETRY_DELAY_MS);
    } finally {
      clearInterval(heartbeat);
    }
  }

  async function next(): Promise<Delivery<WebhookTask> | null> {
    try {
      return await consumer.next();
    } catch (error) {
      if (!draining.signal.aborted) log.warn('webhooks cannot be taken from the queue', { reason: String(error) });
      await delay(settings.RETRY_DELAY_MS, undefined, { signal: draining.signal }).catch(() => undefined);
      return null;
    }
  }

  async function takeWebhooks(): Promise<void> {
    while (!draining.signal.aborted) {
      const release = await slots.acquire(draining.signal).catch(() => null);
      if (!release) return;
      const message = await next();
      if (!message) {
        release();
        continue;
      }
      const done = handle(message).finally(() => {
        running.delete(done);
        release();
      });
      running.add(done);
    }
  }
  const taking = takeWebhooks();

  return {
    async drain(graceMs) {
      draining.abort();
      const timer = setTimeout(() => stopped.abort(new Error('the service is stopping')), graceMs);
      await taking;
      await Promise.all(running);
      clearTimeout(timer);
    },
  };
}
