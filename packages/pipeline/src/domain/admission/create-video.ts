import { v7 } from 'uuid';
import type { Artifacts } from '../ports/artifacts.ts';
import { Lifetime } from '../messages.ts';
import type { Plan } from '../messages.ts';
import { newRecord } from '../video/new-record.ts';
import type { NewRecord } from '../video/new-record.ts';
import { UnknownVideoError } from '../ports/records.ts';
import type { Records, StoredRecord } from '../ports/records.ts';
import type { Requests } from '../ports/requests.ts';
import type { PipelineSettings } from '../settings.ts';
import { activeTraceParent } from '../../telemetry/trace.ts';
import { UnavailableError } from '../errors.ts';

export interface CreateVideoOptions {
  readonly records: Records;
  readonly requests: Requests;
  readonly artifacts: Artifacts;
  readonly settings: PipelineSettings;
}

export interface VideoRequest {
  readonly owner: string;
  readonly requestId: string;
  /** The whole request, in a form that is the same each time that it is sent. */
  readonly body: Uint8Array;
  readonly admission: Admission;
  /** Called only where the video is new and admitted: what is costly to find out belongs here. */
  readonly prepare: (videoId: string) => Promise<PreparedVideo>;
}

/** Whether a caller may have one more video. */
export interface Admission {
  /** Refuses at once where it is known that there is no room. @throws OverLimitError */
  check(): void;
  /** Counts the video against every limit. @throws OverLimitError, UnavailableError */
  take(videoId: string): Promise<void>;
  /** The video is not made after all. */
  giveBack(videoId: string): Promise<void>;
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
  const { records, requests } = parts;
  const { owner, requestId, body, admission } = request;
  const earlier = await requests.find(owner, requestId, body);
  if (!earlier) admission.check();
  const { videoId, closed } = earlier ?? (await requests.open(owner, requestId, body, v7()));
  if (closed) throw new UnknownVideoError('the video that this request made was deleted');
  const known = await records.get({ owner, videoId });
  if (known) return known;

  await admission.take(videoId);
  try {
    return await createRecord(parts, request, videoId);
  } catch (error) {
    // Whether the record was written may be unknown: then the video counts.
    if (!(error instanceof UnavailableError)) await admission.giveBack(videoId).catch(() => undefined);
    throw error;
  }
}

async function createRecord(
  { records, artifacts, settings }: CreateVideoOptions,
  { owner, requestId, prepare }: VideoRequest,
  videoId: string,
): Promise<StoredRecord> {
  const { photo, ...prepared } = await prepare(videoId);
  // Under a name of its own, should the same request be under way elsewhere: the one that loses is collected.
  const stored = await artifacts.put(Lifetime.PHOTO, `${videoId}/0/photo/${v7()}/photo`, 'photo', photo);
  const record = newRecord({
    ...prepared,
    owner,
    videoId,
    requestId,
    photo: stored,
    keepHours: settings.KEEP_HOURS,
    traceParent: activeTraceParent(),
  });
  const created = (await records.create(record)) ?? (await records.get({ owner, videoId }));
  if (!created) throw new UnknownVideoError('the video was deleted while it was made');
  return created;
}
