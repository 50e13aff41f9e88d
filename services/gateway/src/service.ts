import { toBinary } from '@bufbuild/protobuf';
import { durationMs } from '@bufbuild/protobuf/wkt';
import {
  cancelVideo,
  createVideo,
  deleteVideo,
  nudgeSubject,
  undeleteVideo,
  UnknownVideoError,
  VideoState,
} from '@cinematica/pipeline';
import type { Change, CreateVideoParts, PipelineSettings, StoredRecord } from '@cinematica/pipeline';
import { Code, refuse, refuseUntil } from '@cinematica/protocol';
import { CreateVideoRequestSchema, ErrorReason } from '@cinematica/protocol/v1';
import type { Capabilities, CreateVideoRequest, VideoService } from '@cinematica/protocol/v1';
import type { HandlerContext, ServiceImpl } from '@connectrpc/connect';
import type { NatsConnection } from '@nats-io/transport-node';
import { createHash, randomUUID } from 'node:crypto';
import { callerKey, connectionKey } from './rpc/context.ts';
import { admissionOf } from './videos/admission.ts';
import type { AdmissionParts } from './videos/admission.ts';
import { isGone } from './videos/is-gone.ts';
import type { OwnedVideos } from './videos/owned-videos.ts';
import { prepareVideo } from './videos/prepare-video.ts';
import type { PrepareParts } from './videos/prepare-video.ts';
import { sharedVideo } from './videos/shared-video.ts';
import { DEFAULT_SHARE_MS, shareVideo, unshareVideo } from './videos/share.ts';
import { createSingleFlight } from './videos/single-flight.ts';
import { idOf, toVideo } from './videos/to-video.ts';
import { watchStory } from './videos/watch.ts';
import type { WatchCount, WatchStoryParts } from './videos/watch.ts';

export interface ServiceParts extends CreateVideoParts, PrepareParts, WatchStoryParts {
  readonly admission: AdmissionParts;
  readonly settings: PipelineSettings;
  readonly nats: Pick<NatsConnection, 'publish'>;
  readonly owned: OwnedVideos;
  readonly capabilities: () => Capabilities;
  readonly watches: WatchCount;
  /** Told of each video that is not made any more because its owner says so. */
  readonly onCancelled: () => void;
  /** Aborted, with what watchers are told, when the process is to end. */
  readonly draining: AbortSignal;
}

const DEFAULT_PAGE = 20;
const MAX_PAGE = 100;

/** `cinematica.v1.VideoService` over the pipeline. Requests have been held to their rules, and callers are known. */
export function createVideoService(parts: ServiceParts): ServiceImpl<typeof VideoService> {
  const { records, table, settings, nats, owned, watches, outlookOf } = parts;
  const view = (stored: StoredRecord) => toVideo(stored, parts, outlookOf(stored));
  const ownerOf = ({ values }: HandlerContext) => values.get(callerKey).owner;

  /** Changes a caller's video, and has whoever works on it look at once. */
  async function change(context: HandlerContext, name: string, apply: Change): Promise<StoredRecord> {
    const ref = { owner: ownerOf(context), videoId: idOf(name) };
    const stored = await records.update(ref, (record) => {
      if (isGone(record)) throw new UnknownVideoError('it is deleted');
      return apply(record);
    });
    table.apply(stored);
    return stored;
  }

  const creations = createSingleFlight<StoredRecord>();

  const nudge = (name: string) => nats.publish(nudgeSubject(idOf(name)));

  return {
    async createVideo(request, context) {
      const caller = context.values.get(callerKey);
      const { owner } = caller;
      const { signal } = context;
      const requestId = (request.requestId || randomUUID()).toLowerCase();
      const body = bodyOf(request);
      const admission = admissionOf(parts.admission, caller);
      const prepare = () => prepareVideo(parts, owner, request, signal);
      // Retries that arrive together wait for one decoding of their photo.
      const key = `${owner} ${requestId} ${createHash('sha256').update(body).digest('hex')}`;
      const stored = await creations.do(key, signal, () =>
        createVideo(parts, { owner, requestId, body, admission, prepare }),
      );
      if (isGone(stored.record)) throw new UnknownVideoError('it is deleted');
      table.apply(stored);
      return { video: view(stored) };
    },

    async getVideo({ name }, context) {
      const stored = await records.get({ owner: ownerOf(context), videoId: idOf(name) });
      if (!stored || isGone(stored.record)) throw new UnknownVideoError('there is no such video');
      return { video: view(stored) };
    },

    listVideos({ pageSize, pageToken: token, showDeleted }, context) {
      const size = pageSize === 0 ? DEFAULT_PAGE : Math.min(pageSize, MAX_PAGE);
      const { videos, next } = owned.page({ owner: ownerOf(context), size, token, showDeleted });
      return { videos: videos.map(view), nextPageToken: next };
    },

    async *watchVideo({ name, afterSequence }, context) {
      const owner = ownerOf(context);
      const end = watches.begin(owner);
      if (!end) {
        const message = 'You watch as many videos as one may at once: end another watch first.';
        throw refuseUntil(ErrorReason.TOO_MANY_REQUESTS, message, 1_000);
      }
      try {
        const signal = AbortSignal.any([context.signal, parts.draining]);
        const { drop } = context.values.get(connectionKey);
        yield* watchStory(parts, { owner, videoId: idOf(name) }, afterSequence, drop, signal);
        parts.draining.throwIfAborted();
      } finally {
        end();
      }
    },

    async cancelVideo({ name }, context) {
      const stopped = { now: false };
      const stored = await change(context, name, (record) => {
        if (record.state === VideoState.DONE || record.state === VideoState.FAILED) {
          const message = `There is nothing to cancel: the video ${record.state === VideoState.DONE ? 'is done' : 'has failed'}.`;
          throw refuse(Code.FAILED_PRECONDITION, ErrorReason.VIDEO_ENDED, message);
        }
        stopped.now = cancelVideo(record);
        return stopped.now;
      });
      if (stopped.now) parts.onCancelled();
      nudge(name);
      return { video: view(stored) };
    },

    async deleteVideo({ name }, context) {
      const stopped = { now: false };
      const stored = await change(context, name, (record) => {
        // Its making stops for good: what is brought back is not begun again.
        stopped.now = cancelVideo(record);
        return deleteVideo(record, settings.UNDO_MS);
      });
      if (stopped.now) parts.onCancelled();
      nudge(name);
      return { video: view(stored) };
    },

    async undeleteVideo({ name }, context) {
      return { video: view(await change(context, name, undeleteVideo)) };
    },

    async shareVideo({ name, ttl }, context) {
      const duration = ttl ? durationMs(ttl) : DEFAULT_SHARE_MS;
      return { video: view(await change(context, name, (record) => shareVideo(record, duration))) };
    },

    async unshareVideo({ name }, context) {
      return { video: view(await change(context, name, unshareVideo)) };
    },

    getSharedVideo({ share }) {
      const video = sharedVideo(table, parts.links, share);
      if (!video) throw new UnknownVideoError('it is not shared');
      return { video };
    },

    getCapabilities: () => ({ capabilities: parts.capabilities() }),
  };
}

/** What makes two requests the same: everything but their id. A photo stands there by its digest, as it is large. */
function bodyOf(request: CreateVideoRequest): Uint8Array {
  const { source } = request;
  const digest = (photo: Uint8Array) => createHash('sha256').update(photo).digest();
  const named = source.case === 'image' ? { ...source, value: digest(source.value) } : source;
  return toBinary(CreateVideoRequestSchema, { ...request, requestId: '', source: named });
}
