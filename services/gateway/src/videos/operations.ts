import { toBinary } from '@bufbuild/protobuf';
import { cancelVideo, createVideo, deleteVideo, unchanged, UnknownVideoError, VideoState } from '@cinematica/pipeline';
import type {
  Change,
  CreateVideoOptions,
  Nudges,
  PipelineSettings,
  StoredRecord,
  Updated,
  VideoRef,
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

/** What videos are created and changed with. Every part is required. */
export interface OperationParts extends CreateVideoOptions, PrepareParts {
  /** The limits that new videos count against. */
  readonly admission: AdmissionParts;
  /** `UNDO_MS` and `KEEP_HOURS` decide when deleted and old videos are purged. */
  readonly settings: PipelineSettings;
  /** Receives each change at once, so that the caller's next request sees it. */
  readonly table: Pick<VideoTable, 'apply'>;
  /** Tells the worker of a video that its record was changed, so that a cancelled video stops early. */
  readonly nudges: Pick<Nudges, 'nudge'>;
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

  return {
    async create(caller, request, signal) {
      const { owner } = caller;
      const requestId = (request.requestId || randomUUID()).toLowerCase();
      const body = bodyOf(request);
      const admission = admissionOf(parts.admission, caller);
      const prepare = () => prepareVideo(parts, owner, request, signal);
      // Retries that arrive while the first request runs share its result, so that the photo is decoded once.
      const key = `${owner} ${requestId} ${createHash('sha256').update(body).digest('hex')}`;
      const stored = await creations.do(key, signal, () =>
        createVideo(parts, { owner, requestId, body, admission, prepare }),
      );
      if (isPastPurgeTime(stored.record)) throw new UnknownVideoError('it is deleted');
      table.apply(stored);
      return stored;
    },

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
  return toBinary(CreateVideoRequestSchema, { ...request, requestId: '', source: named });
}
