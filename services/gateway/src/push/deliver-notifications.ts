import { describeError, isTerminal, VideoState } from '@cinematica/pipeline';
import type { Log, NotificationRequest, NotificationRequests, VideoRef, VideoTable } from '@cinematica/pipeline';
import webPush from 'web-push';
import type { PushMessage, PushTransport } from './push-transport.ts';
import type { VapidKeys } from './vapid.ts';

/** The dependencies of sending notifications. All of them are required. */
export interface DeliverOptions {
  readonly requests: NotificationRequests;
  readonly table: Pick<VideoTable, 'videos'>;
  readonly transport: PushTransport;
  readonly keys: VapidKeys;
  /** An https URL or a mailto address of the operator, which push services may ask to see. */
  readonly subject: string;
  readonly log: Pick<Log, 'warn'>;
  /** Called with the result of each attempt, for the metrics. */
  readonly onSent: (outcome: 'sent' | 'gone' | 'refused' | 'failed') => void;
}

/** What the service worker of the app receives, as JSON. */
export interface PushContent {
  readonly kind: 'done' | 'failed';
  /** The id of the video. */
  readonly video: string;
  /** BCP 47. */
  readonly language: string;
}

/** How long a push service keeps a message for a device that is off. Seconds. */
const TTL_SECONDS = 86_400;
/** A request is given up after this time without success. Milliseconds. */
const MAX_AGE_MS = 86_400_000;

/**
 * Sends the notifications whose videos have ended. A request is removed once its message was accepted, or will never be. A
 * message may be sent twice after a crash in between; the device shows it once, because both have the same tag.
 * @param video only requests for this one; all by default.
 * @returns how many messages were accepted.
 */
export async function deliverNotifications(
  options: DeliverOptions,
  signal: AbortSignal,
  video?: VideoRef,
): Promise<number> {
  const { requests, table } = options;
  let sent = 0;
  for (const request of await requests.list(video)) {
    if (signal.aborted) break;
    const record = table.videos.get(request.videoId)?.record;
    const age = Date.now() - 1000 * Number(request.createTime?.seconds ?? 0n);
    if (record && !isTerminal(record) && !record.purgeTime) continue;
    const ended = record?.state === VideoState.DONE || record?.state === VideoState.FAILED;
    // The video was deleted or cancelled, so there is nothing to tell.
    if (!ended || record.purgeTime || age > MAX_AGE_MS) {
      // A table that lags does not know the newest videos yet.
      if (record || age > MAX_AGE_MS) await requests.remove(request, request.endpoint);
      continue;
    }
    const kind = record.state === VideoState.DONE ? 'done' : 'failed';
    if (await deliver(options, request, { kind, video: request.videoId, language: request.language }, signal)) sent++;
  }
  return sent;
}

/** @returns whether the push service accepted the message. */
async function deliver(
  { requests, transport, keys, subject, log, onSent }: DeliverOptions,
  request: NotificationRequest,
  content: PushContent,
  signal: AbortSignal,
): Promise<boolean> {
  const { endpoint } = request;
  const about = { video: request.videoId, service: new URL(endpoint).host };
  let status: number;
  try {
    status = await transport.send(encrypt(request, content, keys, subject), signal);
  } catch (error) {
    onSent('failed');
    log.warn('a notification was not sent, and is tried again', { ...about, reason: describeError(error) });
    return false;
  }
  if (status === 404 || status === 410) {
    // The device has unsubscribed, or the browser was removed.
    await requests.removeDevice(endpoint);
    onSent('gone');
    return false;
  }
  if (status === 429 || status >= 500) {
    onSent('failed');
    log.warn('a push service is busy, and a notification is tried again', { ...about, status });
    return false;
  }
  await requests.remove(request, endpoint);
  const accepted = status >= 200 && status < 300;
  onSent(accepted ? 'sent' : 'refused');
  if (!accepted) log.warn('a push service refused a notification', { ...about, status });
  return accepted;
}

/** Encrypts a message for a device (RFC 8291) and signs it (RFC 8292). */
function encrypt(
  { endpoint, p256dh, auth, videoId }: NotificationRequest,
  content: PushContent,
  vapid: VapidKeys,
  subject: string,
): PushMessage {
  const subscription = {
    endpoint,
    keys: { p256dh: Buffer.from(p256dh).toString('base64url'), auth: Buffer.from(auth).toString('base64url') },
  };
  const { headers, body } = webPush.generateRequestDetails(subscription, JSON.stringify(content), {
    vapidDetails: { subject, ...vapid },
    TTL: TTL_SECONDS,
    urgency: 'high',
    // A later message with the same topic replaces one that was not delivered yet.
    topic: videoId.replaceAll('-', '').slice(0, 32),
    contentEncoding: 'aes128gcm',
  });
  // The length is that of the body, which the transport knows.
  const named = Object.entries(headers).filter(([name]) => name !== 'Content-Length');
  return { endpoint, headers: Object.fromEntries(named), body };
}
