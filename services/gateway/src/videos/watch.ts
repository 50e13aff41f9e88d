import { create } from '@bufbuild/protobuf';
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { Timestamp } from '@bufbuild/protobuf/wkt';
import { HEARTBEAT, withHeartbeat } from '@cinematica/concurrency';
import { UnknownVideoError, watchVideo } from '@cinematica/pipeline';
import type { Preview, StoredRecord, VideoRecord, VideoRef, WatchEvent, WatchOptions } from '@cinematica/pipeline';
import { Preview_Kind, PreviewSchema } from '@cinematica/protocol/v1';
import type { Preview as PublicPreview, Video, WatchVideoResponseSchema } from '@cinematica/protocol/v1';
import type { Caller } from '../callers/authenticate.ts';
import { isPastPurgeTime } from './past-purge-time.ts';
import { progressOf } from './progress.ts';
import type { QueueEstimate } from './progress.ts';
import type { LoadedModel } from './resolve-plan.ts';
import { changeTime, toVideo } from './to-video.ts';
import type { ViewParts } from './to-video.ts';

/** Larger previews are skipped, to save the data volume of phones. */
const MAX_PREVIEW_BYTES = 1_000_000;

/** The dependencies of `WatchVideo`. All of them are required. */
export interface WatchResponseOptions extends WatchOptions, ViewParts {
  readonly settings: WatchOptions['settings'] & ViewParts['settings'];
  /** Gives the size of previews. */
  readonly model: LoadedModel;
  /** Estimates the queue position and the remaining time of a video. */
  readonly estimateOf: (stored: StoredRecord) => QueueEstimate;
  /** The connection of a watcher that does not read a response for this long is closed. Milliseconds. */
  readonly stallMs: number;
  /** How often the progress is repeated while nothing changes. Milliseconds. */
  readonly heartbeatMs: number;
}

type Response = MessageInitShape<typeof WatchVideoResponseSchema>;

/**
 * The responses of `WatchVideo`.
 * @param afterSequence the watcher has seen all events up to this sequence; 0 for none.
 * @param closeConnection called when the watcher stalls. An error cannot be sent to a client that does not read.
 * @throws UnknownVideoError when the video does not exist or is deleted for good, SlowReaderError, UnavailableError.
 */
export async function* streamWatchResponses(
  parts: WatchResponseOptions,
  ref: VideoRef,
  afterSequence: bigint,
  closeConnection: () => void,
  signal: AbortSignal,
): AsyncGenerator<Response, void, undefined> {
  const after = Number(afterSequence > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : afterSequence);
  for await (const event of withHeartbeat(watchVideo(parts, ref, after, signal), parts.heartbeatMs)) {
    for (const response of event === HEARTBEAT ? heartbeatOf(parts, ref) : responsesOf(parts, ref.videoId, event)) {
      const stalled = setTimeout(closeConnection, parts.stallMs);
      try {
        yield response;
      } finally {
        clearTimeout(stalled);
      }
    }
  }
}

function* responsesOf(parts: WatchResponseOptions, videoId: string, event: WatchEvent): Generator<Response> {
  const { table, estimateOf } = parts;
  switch (event.kind) {
    case 'record': {
      const { sequence, snapshot, record } = event;
      if (isPastPurgeTime(record)) throw new UnknownVideoError('it is deleted');
      const stored = { record, revision: sequence };
      yield { message: { case: 'event', value: { ...eventOf(stored, parts), snapshot } } };
      // An estimate belongs to the newest revision only, not to events of the past.
      if ((table.videos.get(videoId)?.revision ?? 0) <= sequence) yield* progressResponse(stored, estimateOf(stored));
      break;
    }
    case 'position': {
      const stored = table.videos.get(videoId);
      if (stored) yield* progressResponse(stored, { ...estimateOf(stored), position: event.position });
      break;
    }
    case 'preview': {
      const preview = publicPreview(event.preview, table.videos.get(videoId)?.record.plan, parts.model);
      if (preview) yield { message: { case: 'preview', value: preview } };
      break;
    }
    case 'gone':
      throw new UnknownVideoError('it is deleted');
  }
}

/** Repeats the progress, because a proxy closes a connection that is silent for too long. */
function* heartbeatOf({ table, estimateOf }: WatchResponseOptions, { owner, videoId }: VideoRef): Generator<Response> {
  const stored = table.videos.get(videoId);
  // The first heartbeat may come before the storage has answered whether the caller has such a video.
  const progress = stored?.record.owner === owner ? progressOf(stored.record, estimateOf(stored)) : undefined;
  if (progress) yield { message: { case: 'progress', value: progress } };
}

/** The events of records. All watchers in this process share a record, so its event is created once. */
const cachedEvents = new WeakMap<VideoRecord, CachedEvent>();

interface CachedEvent {
  readonly sequence: bigint;
  readonly time: Timestamp;
  readonly video: Video;
}

function eventOf(stored: StoredRecord, parts: ViewParts): CachedEvent {
  const cached = cachedEvents.get(stored.record);
  if (cached) return cached;
  const { record, revision } = stored;
  const event = { sequence: BigInt(revision), time: changeTime(record, parts.settings), video: toVideo(stored, parts) };
  cachedEvents.set(record, event);
  return event;
}

function* progressResponse({ record }: StoredRecord, estimate: QueueEstimate): Generator<Response> {
  if (estimate.position === null && estimate.estimate === null) return;
  const progress = progressOf(record, estimate);
  if (progress) yield { message: { case: 'progress', value: progress } };
}

/** The preview in the public API; null when a browser cannot show it, or it is too large. */
export function publicPreview(
  { mediaType, data, step, segment, decodedFrames, ...decoded }: Preview,
  plan: StoredRecord['record']['plan'],
  { latentPixels }: LoadedModel,
): PublicPreview | null {
  if (!plan || mediaType !== 'image/webp' || data.length > MAX_PREVIEW_BYTES) return null;
  if (decodedFrames > 0) {
    const { width, height } = decoded;
    const [steps, frames] = [plan.steps, plan.segmentFrames];
    const kind = Preview_Kind.FRAMES;
    return create(PreviewSchema, {
      image: data,
      width,
      height,
      step: steps,
      steps,
      segment,
      kind,
      decodedFrames,
      frames,
    });
  }
  const [width, height] = [plan.width / latentPixels, plan.height / latentPixels];
  return create(PreviewSchema, { image: data, width, height, step, steps: plan.steps, segment });
}

/** Counts the open watches of each caller, and of the callers without a key at each client address. */
export interface WatchCount {
  /** The open watches of all callers. */
  readonly total: number;
  /**
   * Counts a watch.
   * @returns a function that must be called once when the watch ends; null when the caller or its address is at the limit.
   */
  begin(caller: Pick<Caller, 'owner' | 'address'>): (() => void) | null;
}

/**
 * The watches of one client address, relative to those of one caller. A caller that drops its cookie becomes a new one, so
 * that the limit of callers alone would not hold for `WatchVideos`, which needs no video.
 */
const CALLERS_PER_ADDRESS = 20;

/** @param limit the maximum number of open watches of one caller. */
export function countWatches(limit: number): WatchCount {
  const counts = new Map<string, number>();
  let total = 0;
  const add = (name: string, change: number): void => {
    const count = (counts.get(name) ?? 0) + change;
    if (count > 0) counts.set(name, count);
    else counts.delete(name);
  };
  return {
    get total() {
      return total;
    },
    begin({ owner, address }) {
      const limits = new Map([[owner, limit]]);
      if (address !== null) limits.set(`address ${address}`, CALLERS_PER_ADDRESS * limit);
      for (const [name, most] of limits) if ((counts.get(name) ?? 0) >= most) return null;
      for (const name of limits.keys()) add(name, 1);
      total++;
      return () => {
        for (const name of limits.keys()) add(name, -1);
        total--;
      };
    },
  };
}
