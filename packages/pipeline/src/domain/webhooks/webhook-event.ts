import { FailureReason, VideoState } from '../messages.ts';
import type { VideoRecord } from '../messages.ts';
import { toMilliseconds } from '../timestamps.ts';

/** What a webhook receives. */
export interface WebhookEvent {
  /** Identifies the event; the same for every attempt and every receiver. */
  readonly id: string;
  readonly type: string;
  /** The JSON text; the same for every attempt, because it depends on the record only. */
  readonly body: string;
}

const STATUSES: Readonly<Record<number, string>> = {
  [VideoState.DONE]: 'completed',
  [VideoState.FAILED]: 'failed',
  [VideoState.CANCELLED]: 'cancelled',
};

const CODES: Readonly<Record<number, string>> = {
  [FailureReason.OUT_OF_MEMORY]: 'out_of_memory',
  [FailureReason.TOOK_TOO_LONG]: 'took_too_long',
  [FailureReason.DATA_LOST]: 'data_lost',
  [FailureReason.PHOTO_UNREADABLE]: 'image_unreadable',
  [FailureReason.SETTING_UNSUPPORTED]: 'setting_unsupported',
  [FailureReason.NOT_FINITE]: 'not_finite',
};

/**
 * The event of a video that has ended: `video.completed`, `video.failed` or `video.cancelled`. Its shape is that of Standard
 * Webhooks (`type`, `timestamp`, `data`) with the fields of OpenAI's events (`id`, `object`, `created_at`). It contains no
 * links to media: the receiver gets fresh ones with `GetVideo`.
 * @throws TypeError when the video has not ended.
 */
export function webhookEvent(record: VideoRecord): WebhookEvent {
  const { videoId, state, failure } = record;
  const status = STATUSES[state];
  if (status === undefined) throw new TypeError('the video has not ended');
  const id = `evt_${videoId}`;
  const type = `video.${status}`;
  const end = toMilliseconds(record.endTime);
  const body = JSON.stringify({
    id,
    object: 'event',
    type,
    timestamp: new Date(end).toISOString(),
    created_at: toSeconds(end),
    data: {
      // The id in the API `/v1/videos`; `name` is the one in `cinematica.v1`.
      id: `video_${videoId}`,
      object: 'video',
      name: `videos/${videoId}`,
      status,
      created_at: toSeconds(toMilliseconds(record.createTime)),
      completed_at: toSeconds(end),
      external_id: record.externalId === '' ? null : record.externalId,
      labels: record.labels,
      error: failure ? { code: CODES[failure.reason] ?? 'stage_failed', message: failure.message } : null,
    },
  });
  return { id, type, body };
}

const toSeconds = (milliseconds: number): number => Math.floor(milliseconds / 1000);
