import { durationMs } from '@bufbuild/protobuf/wkt';
import { undeleteVideo, UnknownVideoError } from '@cinematica/pipeline';
import type { Estimator, StoredRecord } from '@cinematica/pipeline';
import { refuseUntil } from '@cinematica/protocol';
import { ErrorReason } from '@cinematica/protocol/v1';
import type { Capabilities, CreateVideoRequest, VideoService } from '@cinematica/protocol/v1';
import type { HandlerContext, ServiceImpl } from '@connectrpc/connect';
import { clientOf } from './callers/admit-caller.ts';
import { createRateLimit } from './callers/rate-limit.ts';
import type { RateLimit } from './callers/rate-limit.ts';
import { callerKey, connectionKey, signalOf } from './rpc/context.ts';
import { createBatch } from './videos/create-batch.ts';
import { compileVideoFilter } from './videos/filter/video-filter.ts';
import { parseOrder } from './videos/list-order.ts';
import type { VideoOperations } from './videos/operations.ts';
import { readPageToken, writePageToken } from './videos/page-token.ts';
import { sharedVideo } from './videos/shared-video.ts';
import { DEFAULT_SHARE_MS, shareVideo, unshareVideo } from './videos/share.ts';
import { toEstimate } from './videos/progress.ts';
import { resolvePlan } from './videos/resolve-plan.ts';
import { idOf, toVideo } from './videos/to-video.ts';
import type { VideosByOwner } from './videos/videos-by-owner.ts';
import { streamWatchResponses } from './videos/watch.ts';
import type { WatchCount, WatchResponseOptions } from './videos/watch.ts';
import { streamVideos } from './videos/watch-videos.ts';

/** The dependencies of the service. All of them are required. */
export interface ServiceParts extends WatchResponseOptions {
  /** Creates, reads and changes videos. */
  readonly operations: VideoOperations;
  /** Answers `ListVideos`. */
  readonly videosByOwner: VideosByOwner;
  /** Answers `GetCapabilities`. */
  readonly capabilities: () => Capabilities;
  /** Counts calls by API key or client address. The gate has counted one for each call. */
  readonly limit: Pick<RateLimit, 'charge'>;
  /** Limits the watches of each caller. */
  readonly watches: WatchCount;
  /** Estimates how long videos take. */
  readonly estimator: Pick<Estimator, 'estimateNew'>;
  /** Aborted when the process shuts down, with the error that watchers receive. */
  readonly draining: AbortSignal;
}

/** The page size of `ListVideos` when the request has none. */
const DEFAULT_PAGE_SIZE = 20;
const MAX_PAGE_SIZE = 100;
/** How many shapes of videos that were not estimated before are estimated in a second, for all callers. */
const NEW_SHAPES_PER_SECOND = 3;
/** The same for one client, so that it does not use up the share of all others. */
const NEW_SHAPES_PER_CLIENT = 1;

/**
 * Implements `cinematica.v1.VideoService`. The gate has identified the caller, and the interceptor has validated the
 * request, before a method is called.
 */
export function createVideoService(parts: ServiceParts): ServiceImpl<typeof VideoService> {
  const { operations, table, videosByOwner, watches, estimateOf } = parts;
  const view = (stored: StoredRecord) => toVideo(stored, parts, estimateOf(stored));
  const ownerOf = ({ values }: HandlerContext) => values.get(callerKey).owner;
  const refOf = (context: HandlerContext, name: string) => ({ owner: ownerOf(context), videoId: idOf(name) });

  /** Counts a watch. @returns what ends it. @throws RpcError when the caller is at the limit. */
  function beginWatch({ values }: HandlerContext): () => void {
    const end = watches.begin(values.get(callerKey));
    if (end) return end;
    const message = 'You already watch the maximum number of videos: end another watch first.';
    throw refuseUntil(ErrorReason.TOO_MANY_REQUESTS, message, 10_000);
  }

  const newShapes = createRateLimit(NEW_SHAPES_PER_SECOND, 10 * NEW_SHAPES_PER_SECOND);
  const newShapesOfClient = createRateLimit(NEW_SHAPES_PER_CLIENT, 10 * NEW_SHAPES_PER_CLIENT);

  return {
    async createVideo(request, context) {
      const stored = await operations.create(context.values.get(callerKey), request, signalOf(context));
      const { position, estimate } = estimateOf(stored);
      return { video: view(stored), ...(estimate && { estimate: toEstimate(estimate, position ?? 0) }) };
    },

    async batchCreateVideos({ requests }, context) {
      const caller = context.values.get(callerKey);
      const signal = signalOf(context);
      // Each request of a batch costs as much as a call of CreateVideo.
      parts.limit.charge(clientOf(caller), requests.length - 1);
      const create = (valid: readonly CreateVideoRequest[]) => operations.createAll(caller, valid, signal);
      const answer = (stored: StoredRecord) => view(operations.accept(stored));
      return { results: await createBatch(requests, create, answer, signal) };
    },

    estimateVideo({ settings: wanted, photoWidth: width, photoHeight: height, videoCount }, { values }) {
      const plan = resolvePlan(parts.model, wanted, { width, height }, 0);
      // Callers can ask for any size. New ones take time, which others then wait for.
      if (!parts.model.knowsWork(plan)) {
        const retry = newShapesOfClient.take(clientOf(values.get(callerKey))) || newShapes.take('all');
        if (retry > 0) throw refuseUntil(ErrorReason.TOO_MANY_REQUESTS, 'Too many estimates: slow down.', retry);
      }
      const estimate = parts.estimator.estimateNew(plan, Math.max(1, videoCount));
      return estimate ? { estimate: toEstimate(estimate, parts.queue.length) } : {};
    },

    async getVideo({ name }, context) {
      return { video: view(await operations.get(refOf(context, name))) };
    },

    listVideos({ pageSize, pageToken: token, showDeleted, filter, orderBy }, context) {
      const size = pageSize === 0 ? DEFAULT_PAGE_SIZE : Math.min(pageSize, MAX_PAGE_SIZE);
      const query = [filter, orderBy] as const;
      const { videos, hasMore } = videosByOwner.page({
        owner: ownerOf(context),
        size,
        after: readPageToken(token, query),
        showDeleted,
        filter: compileVideoFilter(filter),
        order: parseOrder(orderBy),
      });
      const last = videos.at(-1);
      const next = hasMore && last ? writePageToken(last.record.videoId, query) : '';
      return { videos: videos.map(view), nextPageToken: next };
    },

    async *watchVideo({ name, afterSequence }, context) {
      const owner = ownerOf(context);
      const end = beginWatch(context);
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
      const end = beginWatch(context);
      try {
        const signal = AbortSignal.any([context.signal, parts.draining]);
        yield* streamVideos(parts, owner, previews, context.values.get(connectionKey).close, signal);
        parts.draining.throwIfAborted();
      } finally {
        end();
      }
    },

    async cancelVideo({ name }, context) {
      return { video: view(await operations.cancel(refOf(context, name))) };
    },

    async deleteVideo({ name }, context) {
      return { video: view(await operations.delete(refOf(context, name))) };
    },

    async undeleteVideo({ name }, context) {
      const { stored } = await operations.change(refOf(context, name), undeleteVideo);
      return { video: view(stored) };
    },

    async shareVideo({ name, ttl }, context) {
      const duration = ttl ? durationMs(ttl) : DEFAULT_SHARE_MS;
      const { stored } = await operations.change(refOf(context, name), (record) => shareVideo(record, duration));
      return { video: view(stored) };
    },

    async unshareVideo({ name }, context) {
      const { stored } = await operations.change(refOf(context, name), unshareVideo);
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
