import { toBinary } from '@bufbuild/protobuf';
import {
  cancelVideo,
  createVideo,
  createVideos,
  deleteVideo,
  unchanged,
  UnknownVideoError,
  VideoState,
} from '@cinematica/pipeline';
import type {
  Change,
  Created,
  CreateVideoOptions,
  Forecast,
  Nudges,
  PipelineSettings,
  Plan,
  StoredRecord,
  Updated,
  VideoRef,
  VideoRequest,
  VideoTable,
} from '@cinematica/pipeline';
import { Code, refuse } from '@cinematica/protocol';
import { CreateVideoRequestSchema, ErrorReason } from '@cinematica/protocol/v1';
import type { CreateVideoRequest } from '@cinematica/protocol/v1';
import { createHash, randomUUID } from 'node:crypto';
import type { Caller } from '../callers/authenticate.ts';
import { admissionOf } from './admission.ts';
import type { AdmissionParts } from './admission.ts';
import { isPastPurgeTime } from './past-purge-time.ts';
import { prepareVideo } from './prepare-video.ts';
import type { PrepareParts } from './prepare-video.ts';
import { createSingleFlight } from './single-flight.ts';
import { webhookUrlsOf } from './webhooks.ts';
import type { WebhookParts } from './webhooks.ts';

/** The dependencies of the video operations. All of them are required. */
export interface OperationParts extends CreateVideoOptions, PrepareParts {
  /** The limits that new videos count against. */
  readonly admission: AdmissionParts;
  /** `UNDO_MS` and `KEEP_HOURS` decide when deleted and old videos are purged. */
  readonly settings: PipelineSettings;
  /** Decides which webhooks new videos have. */
  readonly webhooks: WebhookParts;
  /** Receives each change at once, so that the caller's next request sees it. */
  readonly table: Pick<VideoTable, 'apply' | 'videos'>;
  /** Tells the worker of a video that its record was changed, so that a cancelled video stops early. */
  readonly nudges: Pick<Nudges, 'nudge'>;
  /** How long the stages of a new video will compute; undefined when that is unknown. */
  readonly forecast: (plan: Plan) => Forecast | undefined;
  /** Called for each video that its owner cancelled or deleted before it was done. */
  readonly onCancelled: () => void;
}

/** What a caller can do with a video, over every protocol. A video of another owner is an unknown one. */
export interface VideoOperations {
  /**
   * Creates a video, or returns the video that an earlier request with the same id created.
   * @param request has been checked by `checkRequest`.
   * @param signal ends waiting when the caller leaves.
   * @throws RpcError, PhotoError, OverLimitError, RequestConflictError, StorageFullError, UnavailableError
   */
  create(caller: Caller, request: CreateVideoRequest, signal: AbortSignal): Promise<StoredRecord>;
  /**
   * Creates several videos.
   * @returns a video that {@link accept} must still accept, or an error, for each request in their order.
   * @throws RpcError, OverLimitError, UnavailableError when none can be created.
   */
  createAll(caller: Caller, requests: readonly CreateVideoRequest[], signal: AbortSignal): Promise<readonly Created[]>;
  /** Makes a created video visible to the caller's next request. @throws UnknownVideoError when it was deleted since */
  accept(stored: StoredRecord): StoredRecord;
  /** @throws UnknownVideoError when the video does not exist or is past its purge time, UnavailableError */
  get(ref: VideoRef): Promise<StoredRecord>;
  /** Changes a video. @throws UnknownVideoError when it does not exist or is past its purge time, UnavailableError */
  change<T>(ref: VideoRef, apply: Change<T>): Promise<Updated<T>>;
  /** Cancels a video. @throws RpcError FAILED_PRECONDITION when it is DONE or FAILED; UnknownVideoError */
  cancel(ref: VideoRef): Promise<StoredRecord>;
  /** Deletes a video, and cancels it if it is unfinished. @throws UnknownVideoError, UnavailableError */
  delete(ref: VideoRef): Promise<StoredRecord>;
}

export function createVideoOperations(parts: OperationParts): VideoOperations {
  const { records, table, settings, nudges } = parts;
  const creations = createSingleFlight<StoredRecord>();

  async function change<T>(ref: VideoRef, apply: Change<T>): Promise<Updated<T>> {
    const updated = await records.update(ref, (record) => {
      if (isPastPurgeTime(record)) throw new UnknownVideoError('it is deleted');
      return apply(record);
    });
    table.apply(updated.stored);
    return updated;
  }

  /** What the pipeline needs to know of a request. */
  const requestOf = (caller: Caller, request: CreateVideoRequest, signal: AbortSignal): VideoRequest => ({
    owner: caller.owner,
    requestId: (request.requestId || randomUUID()).toLowerCase(),
    body: bodyOf(request),
    async prepare() {
      const webhookUrls = webhookUrlsOf(parts.webhooks, request, caller);
      const prepared = await prepareVideo(parts, caller, request, signal);
      const { labels, externalId } = request;
      return { ...prepared, labels, externalId, webhookUrls, forecast: parts.forecast(prepared.plan) };
    },
  });

  function accept(stored: StoredRecord): StoredRecord {
    if (isPastPurgeTime(stored.record)) throw new UnknownVideoError('it is deleted');
    table.apply(stored);
    return stored;
  }

  return {
    async create(caller, request, signal) {
      const admission = admissionOf(parts.admission, caller);
      const opened = requestOf(caller, request, signal);
      // Retries that arrive while the first request runs share its result, so that the photo is decoded once.
      const key = `${opened.owner} ${opened.requestId} ${createHash('sha256').update(opened.body).digest('hex')}`;
      return accept(await creations.do(key, signal, () => createVideo(parts, { ...opened, admission })));
    },

    createAll(caller, requests, signal) {
      const opened = requests.map((request) => requestOf(caller, request, signal));
      return createVideos(parts, opened, admissionOf(parts.admission, caller));
    },

    accept,

    async get(ref) {
      const stored = await records.get(ref);
      if (!stored || isPastPurgeTime(stored.record)) throw new UnknownVideoError('there is no such video');
      return stored;
    },

    change,

    async cancel(ref) {
      const { stored, changed } = await change(ref, (record) => {
        if (record.state === VideoState.DONE || record.state === VideoState.FAILED) {
          const message = `There is nothing to cancel: the video ${record.state === VideoState.DONE ? 'is done' : 'has failed'}.`;
          throw refuse(Code.FAILED_PRECONDITION, ErrorReason.VIDEO_ENDED, message);
        }
        return cancelVideo(record);
      });
      if (changed) parts.onCancelled();
      nudges.nudge(ref.videoId);
      return stored;
    },

    async delete(ref) {
      const { stored, result: cancelled } = await change(ref, (record) => {
        if (record.purgeTime) return unchanged(false);
        // A video that is deleted while it runs is cancelled: restoring it does not resume it.
        const { changed: wasRunning } = cancelVideo(record);
        return { ...deleteVideo(record, settings.UNDO_MS), result: wasRunning };
      });
      if (cancelled) parts.onCancelled();
      nudges.nudge(ref.videoId);
      return stored;
    },
  };
}

/** Serialises a request without its id, to recognise a repetition. A photo is replaced by its digest. */
function bodyOf(request: CreateVideoRequest): Uint8Array {
  const { source } = request;
  const digest = (photo: Uint8Array) => createHash('sha256').update(photo).digest();
  const named = source.case === 'image' ? { ...source, value: digest(source.value) } : source;
  // A map has no order, so a repetition may have its entries in another one.
  const labels = Object.fromEntries(Object.entries(request.labels).sort(([a], [b]) => (a < b ? -1 : 1)));
  return toBinary(CreateVideoRequestSchema, { ...request, requestId: '', source: named, labels });
}
