import { checkOutboundUrl } from '@cinematica/pipeline';
import type { OutboundRules, WebhookEvent, WebhookOutcome } from '@cinematica/pipeline';
import type { IncomingMessage } from 'node:http';
import { describeFailure } from '../http/describe-failure.ts';
import type { GuardedHttp } from '../http/guarded-http.ts';
import { USER_AGENT } from '../http/user-agent.ts';
import { signatureHeaders } from './sign.ts';

/** One HTTP request that delivers a webhook event. All fields are required. */
export interface SendOptions {
  readonly rules: OutboundRules;
  readonly secrets: readonly Buffer[];
  /** How long the receiver may take to answer. Milliseconds. */
  readonly timeoutMs: number;
  /** Ends the attempt. */
  readonly signal: AbortSignal;
}

/** The outcome, and how long the receiver asks to wait. Milliseconds. */
export type SendOutcome = WebhookOutcome & { readonly retryAfterMs?: number };

/** The longest `Retry-After` that is respected. Milliseconds. */
const MAX_RETRY_AFTER_MS = 3_600_000;

/** The body of the answer is read only so far, and never used. Bytes, and milliseconds. */
const [MAX_ANSWER_BYTES, MAX_ANSWER_MS] = [16_384, 2_000];

/**
 * Sends an event to a receiver once. Redirects count as failures.
 * @throws the signal's reason.
 */
export async function sendWebhook(
  http: GuardedHttp,
  text: string,
  event: WebhookEvent,
  { rules, secrets, timeoutMs, signal }: SendOptions,
): Promise<SendOutcome> {
  if (secrets.length === 0) return failed(0, 'the operator has not configured a secret to sign it with');
  const deadline = AbortSignal.timeout(timeoutMs);
  try {
    const response = await http.request(checkOutboundUrl(text, rules), {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(event.body),
        'user-agent': USER_AGENT,
        ...signatureHeaders(event, secrets, Date.now()),
      },
      body: event.body,
      signal: AbortSignal.any([signal, deadline]),
    });
    discard(response);
    return { ...outcomeOf(response.statusCode ?? 0), ...retryAfterOf(response) };
  } catch (error) {
    signal.throwIfAborted();
    if (deadline.aborted) return failed(0, `the receiver did not answer within ${timeoutMs / 1000} s`);
    return failed(0, describeFailure(error));
  }
}

function outcomeOf(status: number): WebhookOutcome {
  if (status >= 200 && status < 300) return { kind: 'delivered', status };
  if (status === 410) return { kind: 'gone', status };
  const redirects = status >= 300 && status < 400 ? ', and redirects are not followed' : '';
  return failed(status, `the receiver answered with the status ${status}${redirects}`);
}

/** Only the form in seconds is understood. */
function retryAfterOf({ headers }: IncomingMessage): Pick<SendOutcome, 'retryAfterMs'> {
  const value = headers['retry-after'];
  if (value === undefined || !/^\d{1,6}$/.test(value)) return {};
  return { retryAfterMs: Math.min(MAX_RETRY_AFTER_MS, Number(value) * 1_000) };
}

const failed = (status: number, reason: string): WebhookOutcome => ({ kind: 'failed', status, reason });

/** Lets a short answer arrive, because a receiver may take a closed connection for a failure of its own. */
function discard(response: IncomingMessage): void {
  let left = MAX_ANSWER_BYTES;
  const timer = setTimeout(() => response.destroy(), MAX_ANSWER_MS);
  response.on('data', (part: Buffer) => {
    left -= part.length;
    if (left < 0) response.destroy();
  });
  response.on('error', () => undefined);
  response.on('close', () => clearTimeout(timer));
}
