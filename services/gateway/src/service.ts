import { toBinary } from '@bufbuild/protobuf';
import { durationMs } from '@bufbuild/protobuf/wkt';
import {
  cancelVideo,
  createVideo,
  deleteVideo,
  unchanged,
  undeleteVideo,
  UnknownVideoError,
  VideoState,
} from '@cinematica/pipeline';
import type {
  Change,
  CreateVideoOptions,
  Estimator,
  Nudges,
  PipelineSettings,
  StoredRecord,
  Updated,
} from '@cinematica/pipeline';
import { Code, refuse, refuseUntil } from '@cinematica/protocol';
import { CreateVideoRequestSchema, ErrorReason } from '@cinematica/protocol/v1';
import type { Capabilities, CreateVideoRequest, VideoService } from '@cinematica/protocol/v1';
import type { HandlerContext, ServiceImpl } from '@connectrpc/connect';
import { createHash, randomUUID } from 'node:crypto';
import { createRateLimit } from './callers/rate-limit.ts';
import { callerKey, connectionKey } from './rpc/context.ts';
import { admissionOf } from './videos/admission.ts';
import type { AdmissionParts } from './videos/admission.ts';
import { isPastPurgeTime } from './videos/past-purge-time.ts';
import type { VideosByOwner } from './videos/videos-by-owner.ts';
import { prepareVideo } from './videos/prepare-video.ts';
import type { PrepareParts } from './videos/prepare-video.ts';
import { sharedVideo } from './videos/shared-video.ts';
import { DEFAULT_SHARE_MS, shareVideo, unshareVideo } from './videos/share.ts';
import { toEstimate } from './videos/progress.ts';
import { resolvePlan } from './videos/resolve-plan.ts';
import { createSingleFlight } from './videos/single-flight.ts';
import { idOf, toVideo } from './videos/to-video.ts';
import { streamWatchResponses } from './videos/watch.ts';
import type { WatchCount, WatchResponseOptions } from './videos/watch.ts';
import { streamVideos } from './videos/watch-videos.ts';

/** The dependencies of the service. All of them are required. */
export interface ServiceParts extends CreateVideoOptions, PrepareParts, WatchResponseOptions {
  /** The limits that new videos count against. */
  readonly admission: AdmissionParts;
  /** `UNDO_MS` and `KEEP_HOURS` decide when deleted and old videos are purged. */
  readonly settings: PipelineSettings;
  /** Tells the worker of a video that its record was changed, so that a cancelled video stops early. */
  readonly nudges: Pick<Nudges, 'nudge'>;
  /** Answers `ListVideos`. */
  readonly videosByOwner: VideosByOwner;
  /** Answers `GetCapabilities`. */
  readonly capabilities: () => Capabilities;
  /** Limits the watches of each caller. */
  readonly watches: WatchCount;
  /** Called for each video that its owner cancelled or deleted before it was done. */
  readonly onCancelled: () => void;
  /** Estimates how long videos take. */
  readonly estimator: Pick<Estimator, 'estimateNew' | 'forecast'>;
  /** Aborted when the process shuts down, with the error that watchers receive. */
  readonly draining: AbortSignal;
}

/** The page size of `ListVideos` when the request has none. */
const DEFAULT_PAGE_SIZE = 20;
const MAX_PAGE_SIZE = 100;
/** How many shapes of videos that were not estimated before are estimated in a second, for all callers. */
const NEW_SHAPES_PER_SECOND = 3;

/**
 * Implements `cinematica.v1.VideoService`. The gate has identified the caller, and the interceptor has validated the
 * request, before a method is called.
 */
export function createVideoService(parts: ServiceParts): ServiceImpl<typeof VideoService> {
  const { records, table, settings, nudges, videosByOwner, watches, estimateOf } = parts;
  const view = (stored: StoredRecord) => toVideo(stored, parts, estimateOf(stored));
  const ownerOf = ({ values }: HandlerContext) => values.get(callerKey).owner;

  /** Changes a caller's video. @throws UnknownVideoError when it is deleted. */
  async function change<T>(context: HandlerContext, name: string, apply: Change<T>): Promise<Updated<T>> {
    const ref = { owner: ownerOf(context), videoId: idOf(name) };
    const updated = await records.update(ref, (record) => {
      if (isPastPurgeTime(record)) throw new UnknownVideoError('it is deleted');
      return apply(record);
    });
    table.apply(updated.stored);
    return updated;
  }

  /** Counts a watch. @returns what ends it. @throws RpcError when the caller is at the limit. */
  function beginWatch(owner: string): () => void {
    const end = watches.begin(owner);
    if (end) return end;
    const message = 'You already watch the maximum number of videos: end another watch first.';
    throw refuseUntil(ErrorReason.TOO_MANY_REQUESTS, message, 1_000);
  }

  const newShapes = createRateLimit(NEW_SHAPES_PER_SECOND, 10 * NEW_SHAPES_PER_SECOND);
  const creations = createSingleFlight<StoredRecord>();

  return {
    async createVideo(request, context) {
      const caller = context.values.get(callerKey);
      const { owner } = caller;
      const { signal } = context;
      const requestId = (request.requestId || randomUUID()).toLowerCase();
      const body = bodyOf(request);
      const admission = admissionOf(parts.admission, caller);
      const prepare = async () => {
        const prepared = await prepareVideo(parts, owner, request, signal);
        return { ...prepared, forecast: parts.estimator.forecast(prepared.plan) ?? undefined };
      };
      // Retries that arrive while the first request runs share its result, so that the photo is decoded once.
      const key = `${owner} ${requestId} ${createHash('sha256').update(body).digest('hex')}`;
      const stored = await creations.do(key, signal, () =>
        createVideo(parts, { owner, requestId, body, admission, prepare }),
      );
      if (isPastPurgeTime(stored.record)) throw new UnknownVideoError('it is deleted');
      table.apply(stored);
      const { position, estimate } = estimateOf(stored);
      return { video: view(stored), ...(estimate && { estimate: toEstimate(estimate, position ?? 0) }) };
    },

    estimateVideo({ settings: wanted, photoWidth: width, photoHeight: height }) {
      const plan = resolvePlan(parts.model, wanted, { width, height }, 0);
      // Callers can ask for any size. New ones take time, which others then wait for.
      if (!parts.model.knowsWork(plan)) {
        const retry = newShapes.take('all');
        if (retry > 0) throw refuseUntil(ErrorReason.TOO_MANY_REQUESTS, 'Too many estimates: slow down.', retry);
      }
      const estimate = parts.estimator.estimateNew(plan);
      return estimate ? { estimate: toEstimate(estimate, parts.queue.length) } : {};
    },

    async getVideo({ name }, context) {
      const stored = await records.get({ owner: ownerOf(context), videoId: idOf(name) });
      if (!stored || isPastPurgeTime(stored.record)) throw new UnknownVideoError('there is no such video');
      return { video: view(stored) };
    },

    listVideos({ pageSize, pageToken: token, showDeleted }, context) {
      const size = pageSize === 0 ? DEFAULT_PAGE_SIZE : Math.min(pageSize, MAX_PAGE_SIZE);
      const { videos, next } = videosByOwner.page({ owner: ownerOf(context), size, token, showDeleted });
      return { videos: videos.map(view), nextPageToken: next };
    },

    async *watchVideo({ name, afterSequence }, context) {
      const owner = ownerOf(context);
      const end = beginWatch(owner);
      try {
        const signal = AbortSignal.any([context.signal, parts.draining]);
        const { close } = context.values.get(connectionKey);
        yield* streamWatchResponses(parts, { owner, videoId: idOf(name) }, afterSequence, close, signal);
        parts.draining.throwIfAborted();
      } finally {
        end();
      }
    },

    async *watchVideos({ previews }, context) {
      const owner = ownerOf(context);
      const end = beginWatch(owner);
      try {
        const signal = AbortSignal.any([context.signal, parts.draining]);
        yield* streamVideos(parts, owner, previews, context.values.get(connectionKey).close, signal);
        parts.draining.throwIfAborted();
      } finally {
        end();
      }
    },

    async cancelVideo({ name }, context) {
      const { stored, changed } = await change(context, name, (record) => {
        if (record.state === VideoState.DONE || record.state === VideoState.FAILED) {
          const message = `There is nothing to cancel: the video ${record.state === VideoState.DONE ? 'is done' : 'has failed'}.`;
          throw refuse(Code.FAILED_PRECONDITION, ErrorReason.VIDEO_ENDED, message);
        }
        return cancelVideo(record);
      });
      if (changed) parts.onCancelled();
      nudges.nudge(idOf(name));
      return { video: view(stored) };
    },

    async deleteVideo({ name }, context) {
      const { stored, result: cancelled } = await change(context, name, (record) => {
        if (record.purgeTime) return unchanged(false);
        // A video that is deleted while it runs is cancelled: restoring it does not resume it.
        const { changed: wasRunning } = cancelVideo(record);
        return { ...deleteVideo(record, settings.UNDO_MS), result: wasRunning };
      });
      if (cancelled) parts.onCancelled();
      nudges.nudge(idOf(name));
      return { video: view(stored) };
    },

    async undeleteVideo({ name }, context) {
      const { stored } = await change(context, name, undeleteVideo);
      return { video: view(stored) };
    },

    async shareVideo({ name, ttl }, context) {
      const duration = ttl ? durationMs(ttl) : DEFAULT_SHARE_MS;
      const { stored } = await change(context, name, (record) => shareVideo(record, duration));
      return { video: view(stored) };
    },

    async unshareVideo({ name }, context) {
      const { stored } = await change(context, name, unshareVideo);
      return { video: view(stored) };
    },

    getSharedVideo({ share }) {
      const video = sharedVideo(table, parts.links, share);
      if (!video) throw new UnknownVideoError('it is not shared');
      return { video };
    },

    getCapabilities: () => ({ capabilities: parts.capabilities() }),
  };
}

/** Serialises a request without its id, to recognise a repetition. A photo is replaced by its digest. */
function bodyOf(request: CreateVideoRequest): Uint8Array {
  const { source } = request;
  const digest = (photo: Uint8Array) => createHash('sha256').update(photo).digest();
  const named = source.case === 'image' ? { ...source, value: digest(source.value) } : source;
  return toBinary(CreateVideoRequestSchema, { ...request, requestId: '', source: named });
}
