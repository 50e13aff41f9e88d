import { Counter, Histogram } from 'prom-client';
import type { Registry } from 'prom-client';

/** The metrics of this service, besides those that every service has. */
export type OutboundMetrics = ReturnType<typeof createOutboundMetrics>;

/** The outcomes of an attempt. `given_up`: the last attempt failed. */
export const ATTEMPT_OUTCOMES = ['delivered', 'gone', 'failed', 'given_up'] as const;
const TIMESTAMP_OUTCOMES = ['done', 'failed', 'cancelled'];
const IMAGE_OUTCOMES = ['done', 'refused', 'failed', 'type', 'too-large', 'cancelled'];

/** @param registry receives the metrics. */
export function createOutboundMetrics(registry: Registry) {
  const registers = [registry];
  const attempts = new Counter({
    name: 'cinematica_webhook_attempts_total',
    help: 'Attempts to deliver webhooks, by outcome: delivered, gone (410), failed (is tried again), given_up.',
    labelNames: ['outcome'],
    registers,
  });
  const images = new Counter({
    name: 'cinematica_image_fetches_total',
    help: 'Photos from image_url, by outcome: done, refused (URL), failed, type, too-large, cancelled.',
    labelNames: ['outcome'],
    registers,
  });
  const timestamps = new Counter({
    name: 'cinematica_timestamps_total',
    help: 'Time stamps for content credentials, by outcome: done, failed, cancelled.',
    labelNames: ['outcome'],
    registers,
  });
  // Counters start at 0: Prometheus does not see an increase in a series that did not exist before.
  for (const outcome of ATTEMPT_OUTCOMES) attempts.inc({ outcome }, 0);
  for (const outcome of IMAGE_OUTCOMES) images.inc({ outcome }, 0);
  for (const outcome of TIMESTAMP_OUTCOMES) timestamps.inc({ outcome }, 0);
  return {
    attempts,
    images,
    timestamps,
    attemptSeconds: new Histogram({
      name: 'cinematica_webhook_attempt_seconds',
      help: 'Duration of attempts to deliver webhooks, until the receiver answers.',
      buckets: [0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 15, 30, 60],
      registers,
    }),
  };
}
