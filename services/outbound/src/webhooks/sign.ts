import type { WebhookEvent } from '@cinematica/pipeline';
import { createHmac } from 'node:crypto';

/**
 * The headers that identify and sign an event, as Standard Webhooks specifies them
 * (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md).
 * @param secrets one signature is made with each.
 * @param time of the attempt, milliseconds since 1970. Receivers refuse old ones, so that a copy cannot be sent again later.
 */
export function signatureHeaders({ id, body }: WebhookEvent, secrets: readonly Buffer[], time: number) {
  const timestamp = String(Math.floor(time / 1000));
  const signatures = secrets.map((secret) => {
    const digest = createHmac('sha256', secret).update(`${id}.${timestamp}.${body}`).digest('base64');
    return `v1,${digest}`;
  });
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') };
}
