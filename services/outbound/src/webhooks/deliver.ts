import { recordWebhookAttempt, UnknownVideoError, webhookEvent, WebhookState } from '@cinematica/pipeline';
import type { Log, Records, WebhookOutcome, WebhookQueue, WebhookRecord, WebhookTask } from '@cinematica/pipeline';
import { timestampMs } from '@bufbuild/protobuf/wkt';
import type { Config } from '../config.ts';
import type { GuardedHttp } from '../http/guarded-http.ts';
import type { OutboundMetrics } from '../metrics.ts';
import type { HostLimit } from './host-limit.ts';
import { sendWebhook } from './send.ts';
import type { SendOutcome } from './send.ts';
import type { WebhookSecrets } from './secrets.ts';

/** The dependencies of webhook deliveries. All of them are required. */
export interface DeliverParts {
  /** Decides whether a webhook is due, and receives the outcome of each attempt. */
  readonly records: Pick<Records, 'get' | 'update'>;
  /** Receives the dead letters. */
  readonly queue: Pick<WebhookQueue, 'deadLetter'>;
  readonly http: GuardedHttp;
  readonly secrets: WebhookSecrets;
  readonly hosts: HostLimit;
  readonly metrics: OutboundMetrics;
  readonly log: Log;
  readonly config: Pick<
    Config,
    'OUTBOUND_PORTS' | 'OUTBOUND_UNSAFE_ALLOW_HTTP_AND_PRIVATE_ADDRESSES' | 'WEBHOOK_TIMEOUT_MS' | 'WEBHOOK_PAUSES_S'
  >;
}

/** What happens to the message: it is removed, or delivered again after so many milliseconds. */
export type Verdict = { readonly kind: 'ack' } | { readonly kind: 'nak'; readonly delay: number };

const ACK: Verdict = { kind: 'ack' };
const nakUntil = (webhook: WebhookRecord): Verdict => ({ kind: 'nak', delay: Math.max(0, millisecondsLeft(webhook)) });

/**
 * Makes one attempt to deliver a webhook, if one is due, and records its outcome. A process that is killed at any point leaves
 * the message in the queue: the attempt is made again then, with the same `webhook-id`.
 * @param signal ends the attempt.
 * @throws UnavailableError when the record or the dead letter cannot be stored; the signal's reason.
 */
export async function deliver(parts: DeliverParts, task: WebhookTask, signal: AbortSignal): Promise<Verdict> {
  const { records, queue, http, secrets, hosts, metrics, log, config } = parts;
  const { index } = task;
  const seen = await records.get(task);
  const webhook = seen?.record.webhooks[index];
  if (!seen || !webhook) return ACK;
  if (webhook.state === WebhookState.FAILED) {
    // The process that gave it up may have been killed before it stored the dead letter.
    await queue.deadLetter(seen.record, index);
    return ACK;
  }
  if (webhook.state !== WebhookState.DUE) return ACK;
  if (millisecondsLeft(webhook) > 0) return nakUntil(webhook);

  const leave = hosts.tryBegin(URL.parse(webhook.url)?.host ?? '');
  if (!leave) return { kind: 'nak', delay: config.WEBHOOK_TIMEOUT_MS * Math.random() };
  const end = metrics.attemptSeconds.startTimer();
  const outcome = await sendWebhook(http, webhook.url, webhookEvent(seen.record), {
    rules: config,
    secrets: secrets.of(seen.record.owner),
    timeoutMs: config.WEBHOOK_TIMEOUT_MS,
    signal,
  }).finally(leave);
  end();
  const attempt = webhook.attempts + 1;
  const pause = pauseAfter(attempt, config.WEBHOOK_PAUSES_S, outcome);
  const stored = await recordOutcome(records, task, attempt, outcome, pause);
  const now = stored?.webhooks[index];
  if (!stored || !now) return ACK;
  const givenUp = now.state === WebhookState.FAILED;
  metrics.attempts.inc({ outcome: givenUp ? 'given_up' : outcome.kind });
  if (givenUp) {
    log.warn('webhook given up', { video: task.videoId, webhook: index, reason: now.lastError });
    await queue.deadLetter(stored, index);
  }
  return now.state === WebhookState.DUE ? nakUntil(now) : ACK;
}

/** @returns the record; null when the video was removed meanwhile. */
async function recordOutcome(
  records: DeliverParts['records'],
  task: WebhookTask,
  attempt: number,
  outcome: WebhookOutcome,
  pause: number | null,
) {
  try {
    const change = (record: Parameters<typeof recordWebhookAttempt>[0]) =>
      recordWebhookAttempt(record, task.index, attempt, outcome, pause);
    return (await records.update(task, change)).stored.record;
  } catch (error) {
    if (error instanceof UnknownVideoError) return null;
    throw error;
  }
}

/** Milliseconds until the next attempt is due. */
const millisecondsLeft = ({ nextAttemptTime }: WebhookRecord): number =>
  nextAttemptTime ? timestampMs(nextAttemptTime) - Date.now() : 0;

/**
 * The pause varies by a tenth, so that webhooks that failed together are not tried together again. It is longer when the receiver
 * asks for that.
 */
function pauseAfter(attempt: number, pauses: readonly number[], outcome: SendOutcome): number | null {
  const seconds = pauses[attempt - 1];
  if (seconds === undefined) return null;
  const asked = outcome.kind === 'failed' ? (outcome.retryAfterMs ?? 0) : 0;
  return Math.max(asked, Math.round(seconds * 1_000 * (0.9 + 0.2 * Math.random())));
}
