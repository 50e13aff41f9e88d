import { v7 } from 'uuid';
import { activeTraceParent } from '../../telemetry/trace.ts';
import { UnavailableError } from '../errors.ts';
import { Lifetime } from '../messages.ts';
import type { Plan } from '../messages.ts';
import type { Artifacts } from '../ports/artifacts.ts';
import { UnknownVideoError } from '../ports/records.ts';
import type { Records, StoredRecord } from '../ports/records.ts';
import type { Requests } from '../ports/requests.ts';
import type { PipelineSettings } from '../settings.ts';
import { newRecord } from '../video/new-record.ts';
import type { NewRecord } from '../video/new-record.ts';

/** What the creation of videos needs. Every field is required. */
export interface CreateVideoOptions {
  /** The new record is stored here. */
  readonly records: Records;
  /** Recognises a request that is repeated. */
  readonly requests: Requests;
  /** The photo is stored here. */
  readonly artifacts: Artifacts;
  /** `KEEP_HOURS`: how long the video is kept. */
  readonly settings: Pick<PipelineSettings, 'KEEP_HOURS'>;
}

export interface VideoRequest {
  readonly owner: string;
  readonly requestId: string;
  /** The whole request, serialised in the same way each time. */
  readonly body: Uint8Array;
  readonly admission: Admission;
  /** Does the expensive work. Called only when the video is new and was admitted. */
  readonly prepare: (videoId: string) => Promise<PreparedVideo>;
}

/** Decides whether an owner may have one more video. */
export interface Admission {
  /** Rejects the request early when it is known that a limit is reached. @throws OverLimitError */
  check(): void;
  /** Counts the video against every limit. @throws OverLimitError, UnavailableError */
  take(videoId: string): Promise<void>;
  /** Removes the video from the counts, because it was not created. @throws UnavailableError */
  giveBack(videoId: string): Promise<void>;
}

/** The contents of a new video. */
export interface PreparedVideo extends Pick<
  NewRecord,
  'photoWidth' | 'photoHeight' | 'madeFrom' | 'continuedFrom' | 'forecast' | 'joinedFiles'
> {
  readonly plan: Plan;
  readonly photo: Uint8Array;
}

/**
 * Creates the record of a video, once for each request, however often and at however many gateways the request arrives,
 * and even if an earlier attempt was interrupted. The video table delivers the new record to the housekeeper of the
 * pipeline, whose dispatcher admits it: see `domain/housekeeping/dispatch.ts`.
 * @throws RequestConflictError, OverLimitError, StorageFullError, UnavailableError
 * @throws UnknownVideoError when the video was deleted since.
 * @throws whatever `prepare` throws.
 */
export async function createVideo(options: CreateVideoOptions, request: VideoRequest): Promise<StoredRecord> {
  const { records, requests, artifacts } = options;
  const { owner, requestId, body, admission } = request;
  const earlier = await requests.find(owner, requestId, body);
  if (!earlier) admission.check();
  const { videoId, closed } = earlier ?? (await requests.open(owner, requestId, body, v7()));
  if (closed) throw new UnknownVideoError('the video that this request made was deleted');
  const known = await records.get({ owner, videoId });
  if (known) return known;

  await artifacts.requireRoom();
  await admission.take(videoId);
  try {
    return await createRecord(options, request, videoId);
  } catch (error) {
    // When it is unknown whether the record was written, the video stays counted.
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
  // The name is unique, because another gateway may handle the same request. The photo that loses is collected.
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
