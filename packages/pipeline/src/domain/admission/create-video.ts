import { v7 } from 'uuid';
import type { Artifacts } from '../ports/artifacts.ts';
import type { QueueView } from './queue-view.ts';
import { Lifetime } from '../messages.ts';
import type { Plan } from '../messages.ts';
import { newRecord } from '../video/new-record.ts';
import type { NewRecord } from '../video/new-record.ts';
import { UnknownVideoError } from '../ports/records.ts';
import type { Records, StoredRecord } from '../ports/records.ts';
import type { Quotas } from '../ports/quotas.ts';
import type { Requests } from '../ports/requests.ts';
import type { PipelineSettings } from '../settings.ts';
import { activeTraceParent } from '../../telemetry/trace.ts';
import { OverLimitError } from './over-limit-error.ts';

export interface CreateVideoOptions {
  readonly records: Records;
  readonly requests: Requests;
  readonly quotas: Quotas;
  readonly artifacts: Artifacts;
  readonly queue: QueueView;
  readonly settings: PipelineSettings;
}

export interface VideoRequest {
  readonly owner: string;
  readonly requestId: string;
  /** The whole request, in a form that is the same each time that it is sent. */
  readonly body: Uint8Array;
  /** Called only where the video is new: what is costly to find out belongs here. */
  prepare(videoId: string): Promise<PreparedVideo>;
}

/** What a new video is made of. */
export interface PreparedVideo extends Pick<NewRecord, 'photoWidth' | 'photoHeight' | 'madeFrom' | 'continuedFrom'> {
  readonly plan: Plan;
  readonly photo: Uint8Array;
}

/**
 * Makes a video's record, once for each request however often and at however many gateways it arrives, and whatever
 * breaks off in between. It is answered as soon as the record is there; the dispatcher sees it by itself.
 * @throws RequestConflictError, OverLimitError, StorageFullError, UnavailableError, UnknownVideoError where the video
 * was deleted since, what `prepare` throws
 */
export async function createVideo(parts: CreateVideoOptions, request: VideoRequest): Promise<StoredRecord> {
  const { records, requests, quotas, artifacts, queue, settings } = parts;
  const { owner, requestId, body } = request;
  const { videoId, closed } = await requests.open(owner, requestId, body, v7());
  if (closed) throw new UnknownVideoError('the video that this request made was deleted');
  const known = await records.get({ owner, videoId });
  if (known) return known;

  const { photo, ...prepared } = await request.prepare(videoId);
  if (queue.length >= settings.MAX_QUEUED)
    throw new OverLimitError('too many videos are waiting: try again soon', 30, 'system');
  await quotas.take(records, settings, { owner, videoId });
  // Under a name of its own, should the same request be under way elsewhere: the one that loses is collected.
  const stored = await artifacts.put(Lifetime.PHOTO, `${videoId}/0/photo/${v7()}/photo`, 'photo', photo);
  const record = newRecord({
    ...prepared,
    ...{ owner, videoId, requestId, photo: stored },
    keepHours: settings.KEEP_HOURS,
    traceParent: activeTraceParent(),
  });
  const created = (await records.create(record)) ?? (await records.get({ owner, videoId }));
  if (!created) throw new UnknownVideoError('the video was deleted while it was made');
  return created;
}
