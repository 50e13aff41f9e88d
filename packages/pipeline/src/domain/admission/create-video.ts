import { v7 } from 'uuid';
import { activeTraceParent } from '../../telemetry/trace.ts';
import { StorageFullError, UnavailableError } from '../errors.ts';
import { Lifetime } from '../messages.ts';
import type { VideoTable } from '../ports/video-table.ts';
import { expectedMediaBytes, upcomingMediaBytes } from '../storage-sizes.ts';
import type { Plan, VideoRecord } from '../messages.ts';
import type { Artifacts } from '../ports/artifacts.ts';
import { UnknownVideoError } from '../ports/records.ts';
import type { Records, StoredRecord, VideoRef } from '../ports/records.ts';
import type { Requests } from '../ports/requests.ts';
import type { PipelineSettings } from '../settings.ts';
import { newRecord } from '../video/new-record.ts';
import type { NewRecord } from '../video/new-record.ts';
import type { OverLimitError } from './over-limit-error.ts';

/** What the creation of videos needs. Every field is required. */
export interface CreateVideoOptions {
  /** The new record is stored here. */
  readonly records: Records;
  /** Recognises a request that is repeated. */
  readonly requests: Requests;
  /** The photo is stored here. */
  readonly artifacts: Artifacts;
  /** All videos: the files of those that are not finished need room, too. */
  readonly table: Pick<VideoTable, 'videos'>;
  /** `KEEP_HOURS`: how long the video is kept. */
  readonly settings: Pick<PipelineSettings, 'KEEP_HOURS'>;
}

export interface VideoRequest {
  readonly owner: string;
  readonly requestId: string;
  /** The whole request, serialised in the same way each time. */
  readonly body: Uint8Array;
  /** Does the expensive work. Called only when the video is new and was admitted. */
  readonly prepare: (videoId: string) => Promise<PreparedVideo>;
}

/** How many videos there was room for. */
export interface Taken {
  /** The first so many of the videos are counted. */
  readonly count: number;
  /** Why the others are not; null when all are counted. */
  readonly refusal: OverLimitError | null;
}

/** Decides whether an owner may have more videos. */
export interface Admission {
  /** Rejects a request early when it is known that a limit is reached. @throws OverLimitError */
  check(): void;
  /**
   * Counts new videos against every limit, in their order, as far as there is room.
   * @throws UnavailableError
   */
  take(videoIds: readonly string[]): Promise<Taken>;
  /** Removes a video from the counts, because it was not created. @throws UnavailableError */
  giveBack(videoId: string): Promise<void>;
}

/** The contents of a new video. */
export interface PreparedVideo extends Pick<
  NewRecord,
  | 'photoWidth'
  | 'photoHeight'
  | 'madeFrom'
  | 'continuedFrom'
  | 'labels'
  | 'externalId'
  | 'webhookUrls'
  | 'forecast'
  | 'joinedFiles'
> {
  readonly plan: Plan;
  readonly photo: Uint8Array;
}

/** What became of a request: the record of its video, or what was thrown. */
export type Created = { readonly stored: StoredRecord } | { readonly error: unknown };

/**
 * Creates the record of a video, once for each request, however often and at however many gateways the request arrives,
 * and even if an earlier attempt was interrupted. The video table delivers the new record to the housekeeper of the
 * pipeline, whose dispatcher admits it: see `domain/housekeeping/dispatch.ts`.
 * @throws RequestConflictError, OverLimitError, StorageFullError, UnavailableError
 * @throws UnknownVideoError when the video was deleted since.
 * @throws whatever `prepare` throws.
 */
export async function createVideo(
  options: CreateVideoOptions,
  request: VideoRequest & { readonly admission: Admission },
): Promise<StoredRecord> {
  const [created] = await createVideos(options, [request], request.admission);
  if (!created || 'error' in created) throw created?.error;
  return created.stored;
}

/**
 * Creates several videos of one owner, each as {@link createVideo} does. The limits are asked once for all of them, and the
 * photos are prepared one after the other.
 * @returns a result for each request, in their order.
 */
export async function createVideos(
  options: CreateVideoOptions,
  requests: readonly VideoRequest[],
  admission: Admission,
): Promise<Created[]> {
  const opened = await Promise.all(requests.map((request) => attempt(() => openRequest(options, request, admission))));
  const fresh = new Set(
    opened.flatMap((each) => ('value' in each && each.value.known === null ? each.value.videoId : [])),
  );
  const admitted = await attempt(() => admit(options, [...fresh], admission));
  const results: Created[] = [];
  // Two requests with the same id are one. Otherwise one of them could give back what the other one is counted by.
  const made = new Map<string, Created>();
  for (const [index, request] of requests.entries()) {
    const each = opened[index]!;
    if ('error' in each) {
      results.push(each);
      continue;
    }
    const { videoId } = each.value;
    const created = made.get(videoId) ?? (await createOpened(options, request, each.value, admitted, admission));
    made.set(videoId, created);
    results.push(created);
  }
  return results;
}

interface Opened {
  readonly videoId: string;
  /** The record, if an earlier attempt has created it. */
  readonly known: StoredRecord | null;
}

type Attempt<T> = { readonly value: T } | { readonly error: unknown };

async function attempt<T>(run: () => Promise<T>): Promise<Attempt<T>> {
  try {
    return { value: await run() };
  } catch (error) {
    return { error };
  }
}

async function openRequest(
  { records, requests }: CreateVideoOptions,
  { owner, requestId, body }: VideoRequest,
  admission: Admission,
): Promise<Opened> {
  const earlier = await requests.find(owner, requestId, body);
  if (!earlier) admission.check();
  const { videoId, closed } = earlier ?? (await requests.open(owner, requestId, body, v7()));
  if (closed) throw new UnknownVideoError('the video that this request made was deleted');
  return { videoId, known: (await records.get({ owner, videoId })) ?? null };
}

/** @returns the error of each video for which there is no room */
async function admit(
  { artifacts }: CreateVideoOptions,
  videoIds: readonly string[],
  admission: Admission,
): Promise<ReadonlyMap<string, OverLimitError>> {
  if (videoIds.length === 0) return new Map();
  await artifacts.requireRoom();
  const { count, refusal } = await admission.take(videoIds);
  return new Map(refusal === null ? [] : videoIds.slice(count).map((videoId) => [videoId, refusal]));
}

async function createOpened(
  options: CreateVideoOptions,
  request: VideoRequest,
  { videoId, known }: Opened,
  admitted: Attempt<ReadonlyMap<string, OverLimitError>>,
  admission: Admission,
): Promise<Created> {
  if (known) return { stored: known };
  if ('error' in admitted) return admitted;
  const refusal = admitted.value.get(videoId);
  if (refusal) return { error: refusal };
  const prepared = await attempt(async () => {
    const record = await prepareRecord(options, request, videoId);
    await countAgain(options, { owner: request.owner, videoId }, admission);
    return record;
  });
  const created = 'error' in prepared ? prepared : await attempt(() => createRecord(options, prepared.value));
  if ('value' in created) return { stored: created.value };
  // When it is unknown whether the record was written, the video stays counted. A full storage has not written it.
  const { error } = created;
  const isUnknown = 'value' in prepared && error instanceof UnavailableError && !(error instanceof StorageFullError);
  if (!isUnknown) await attempt(() => giveBack(options, { owner: request.owner, videoId }, admission));
  return created;
}

/**
 * Counts a video whose photo was prepared, which takes a while: another gateway may have failed with the same request
 * meanwhile, and have given the video back. One that is still counted is not counted twice. If another gateway has created
 * the video meanwhile, it may itself have filled what is full now: it is not refused.
 * @throws OverLimitError, UnavailableError
 */
async function countAgain({ records }: CreateVideoOptions, video: VideoRef, admission: Admission): Promise<void> {
  const { refusal } = await admission.take([video.videoId]);
  if (refusal && (await records.get(video)) === null) throw refusal;
}

/**
 * Removes a video from the counts, unless another gateway has created it for the same request. One that was created meanwhile
 * is counted again.
 * @throws UnavailableError
 */
async function giveBack({ records }: CreateVideoOptions, video: VideoRef, admission: Admission): Promise<void> {
  if ((await records.get(video)) !== null) return;
  await admission.giveBack(video.videoId);
  if ((await records.get(video)) !== null) await admission.take([video.videoId]);
}

/** Makes the record, and stores its photo. */
async function prepareRecord(
  { artifacts, table, settings }: CreateVideoOptions,
  { owner, requestId, prepare }: VideoRequest,
  videoId: string,
): Promise<VideoRecord> {
  const { photo, ...prepared } = await prepare(videoId);
  // Now, before anything is computed: a finished video that cannot be stored would have cost its GPU time for nothing.
  const unfinished = [...table.videos.values()].map(({ record }) => record);
  await artifacts.requireRoom(upcomingMediaBytes(unfinished) + expectedMediaBytes(prepared.plan));
  // The name is unique, because another gateway may handle the same request. The photo that loses is collected.
  const stored = await artifacts.put(Lifetime.PHOTO, `${videoId}/0/photo/${v7()}/photo`, 'photo', photo);
  return newRecord({
    ...prepared,
    owner,
    videoId,
    requestId,
    photo: stored,
    keepHours: settings.KEEP_HOURS,
    traceParent: activeTraceParent(),
  });
}

async function createRecord({ records }: CreateVideoOptions, record: VideoRecord): Promise<StoredRecord> {
  const created = (await records.create(record)) ?? (await records.get(record));
  if (!created) throw new UnknownVideoError('the video was deleted while it was made');
  return created;
}
