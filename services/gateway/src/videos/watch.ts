import { create } from '@bufbuild/protobuf';
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { Timestamp } from '@bufbuild/protobuf/wkt';
import { UnknownVideoError, watchVideo } from '@cinematica/pipeline';
import type { Preview, StoredRecord, VideoRecord, VideoRef, WatchEvent, WatchOptions } from '@cinematica/pipeline';
import { PreviewSchema } from '@cinematica/protocol/v1';
import type { Preview as PublicPreview, Video, WatchVideoResponseSchema } from '@cinematica/protocol/v1';
import { isGone } from './is-gone.ts';
import { progressOf } from './progress.ts';
import type { QueueEstimate } from './progress.ts';
import type { LoadedModel } from './resolve-plan.ts';
import { changeTime, toVideo } from './to-video.ts';
import type { ViewParts } from './to-video.ts';

/** Larger ones are not worth a phone's data: the next may be smaller. */
const MAX_PREVIEW_BYTES = 1_000_000;

export interface WatchStoryOptions extends WatchOptions, ViewParts {
  readonly settings: WatchOptions['settings'] & ViewParts['settings'];
  readonly model: LoadedModel;
  readonly estimateOf: (stored: StoredRecord) => QueueEstimate;
  /** A reader that takes nothing for this long is dropped. Milliseconds. */
  readonly stall: number;
}

type Response = MessageInitShape<typeof WatchVideoResponseSchema>;

/**
 * What `WatchVideo` answers.
 *
 * @param drop ends the reader's connection: one that reads nothing can't be told anything.
 * @throws UnknownVideoError, SlowReaderError, UnavailableError
 */
export async function* watchStory(
  parts: WatchStoryOptions,
  ref: VideoRef,
  afterSequence: bigint,
  drop: () => void,
  signal: AbortSignal,
): AsyncGenerator<Response, void, undefined> {
  const after = Number(afterSequence > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : afterSequence);
  for await (const event of watchVideo(parts, ref, after, signal)) {
    for (const response of responsesOf(parts, ref.videoId, event)) {
      const stalled = setTimeout(drop, parts.stall);
      try {
        yield response;
      } finally {
        clearTimeout(stalled);
      }
    }
  }
}

function* responsesOf(parts: WatchStoryOptions, videoId: string, event: WatchEvent): Generator<Response> {
  const { table, estimateOf } = parts;
  switch (event.kind) {
    case 'record': {
      const { sequence, snapshot, record } = event;
      if (isGone(record)) throw new UnknownVideoError('it is deleted');
      const stored = { record, revision: sequence };
      yield { message: { case: 'event', value: { ...tell(stored, parts), snapshot } } };
      // What is told of the past says nothing of the time that is left.
      if ((table.videos.get(videoId)?.revision ?? 0) <= sequence) yield* progressNow(stored, estimateOf(stored));
      break;
    }
    case 'position': {
      const stored = table.videos.get(videoId);
      if (stored) yield* progressNow(stored, { ...estimateOf(stored), position: event.position });
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

/** What was told of records: all watchers of a process are given the same ones, and told the same of them. */
const told = new WeakMap<VideoRecord, Told>();

interface Told {
  readonly sequence: bigint;
  readonly time: Timestamp;
  readonly video: Video;
}

function tell(stored: StoredRecord, parts: ViewParts): Told {
  const known = told.get(stored.record);
  if (known) return known;
  const { record, revision } = stored;
  const now = { sequence: BigInt(revision), time: changeTime(record, parts.settings), video: toVideo(stored, parts) };
  told.set(record, now);
  return now;
}

function* progressNow({ record }: StoredRecord, estimate: QueueEstimate): Generator<Response> {
  if (estimate.position === null && estimate.seconds === null) return;
  const progress = progressOf(record, estimate);
  if (progress) yield { message: { case: 'progress', value: progress } };
}

/** @returns null for what is none that a browser could show. */
function publicPreview(
  { mediaType, data, step, segment }: Preview,
  plan: StoredRecord['record']['plan'],
  { latentPixels }: LoadedModel,
): PublicPreview | null {
  if (!plan || mediaType !== 'image/webp' || data.length > MAX_PREVIEW_BYTES) return null;
  const [width, height] = [plan.width / latentPixels, plan.height / latentPixels];
  return create(PreviewSchema, { image: data, width, height, step, steps: plan.steps, segment });
}

/** How many videos each caller watches. */
export interface WatchCount {
  readonly total: number;
  /** @returns what ends it, or null where it would be one too many. */
  begin(owner: string): (() => void) | null;
}

export function countWatches(most: number): WatchCount {
  const counts = new Map<string, number>();
  let total = 0;
  return {
    get total() {
      return total;
    },
    begin(owner) {
      const count = counts.get(owner) ?? 0;
      if (count >= most) return null;
      counts.set(owner, count + 1);
      total++;
      return () => {
        const left = (counts.get(owner) ?? 1) - 1;
        if (left > 0) counts.set(owner, left);
        else counts.delete(owner);
        total--;
      };
    },
  };
}
