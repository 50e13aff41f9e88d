import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { WebhookState } from '../messages.ts';
import type { VideoRecord } from '../messages.ts';
import { changed, unchanged } from '../ports/records.ts';
import type { Changed } from '../ports/records.ts';
import { timestampNow } from '../timestamps.ts';
import { isTerminal } from '../video/routing.ts';

/** The outcome of one attempt to deliver a webhook. */
export type WebhookOutcome =
  /** The receiver answered with a status 2xx. */
  | { readonly kind: 'delivered'; readonly status: number }
  /** The receiver answered 410: it wants no more calls. */
  | { readonly kind: 'gone'; readonly status: number }
  /** The attempt failed. `status` is 0 when the receiver did not answer. */
  | { readonly kind: 'failed'; readonly status: number; readonly reason: string };

/** Makes the waiting webhooks of a video due once it has ended. Changes nothing in any other video. */
export function makeWebhooksDue(record: VideoRecord): Changed<undefined> {
  if (!isTerminal(record)) return unchanged();
  const waiting = record.webhooks.filter(({ state }) => state === WebhookState.WAITING);
  for (const webhook of waiting) {
    webhook.state = WebhookState.DUE;
    webhook.nextAttemptTime = timestampNow();
  }
  return waiting.length > 0 ? changed() : unchanged();
}

/**
 * Records the outcome of an attempt. Changes nothing when that attempt, or a later one, is recorded already.
 * @param attempt the number of the attempt, from 1.
 * @param pauseMs the pause before the next attempt; null when this was the last one. Milliseconds.
 */
export function recordWebhookAttempt(
  record: VideoRecord,
  index: number,
  attempt: number,
  outcome: WebhookOutcome,
  pauseMs: number | null,
): Changed<undefined> {
  const webhook = record.webhooks[index];
  if (webhook?.state !== WebhookState.DUE || webhook.attempts >= attempt) return unchanged();
  webhook.attempts = attempt;
  webhook.lastAttemptTime = timestampNow();
  webhook.lastStatus = outcome.status;
  webhook.lastError = outcome.kind === 'failed' ? outcome.reason : '';
  delete webhook.nextAttemptTime;
  if (outcome.kind === 'delivered') webhook.state = WebhookState.DELIVERED;
  else if (outcome.kind === 'gone') webhook.state = WebhookState.GONE;
  else if (pauseMs === null) webhook.state = WebhookState.FAILED;
  else webhook.nextAttemptTime = timestampFromMs(Date.now() + pauseMs);
  return changed();
}
