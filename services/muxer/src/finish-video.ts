import { fileShape } from '@cinematica/pipeline';
import type { Timeline } from '@cinematica/pipeline';
import { finishedFrames, finishFrames } from '@cinematica/finish';
import type { RgbImage } from '@cinematica/svd/image';
import { beforeCut, cutCentre } from './cut-centre.ts';
import { createFinishLimit } from './finish-limit.ts';
import type { MediaRequest } from './media-request.ts';

/** How the frames of a model are finished. */
export interface FinishRequest {
  /** The size of the model's frames in pixels. */
  readonly width: number;
  readonly height: number;
  /** Their number and rate, and the size and rate of the files. */
  readonly timeline: Timeline;
  /** The photo that the first frame shows, in the frames' shape; null to enlarge without it. */
  readonly photo: RgbImage | null;
  /** The part of the frames' width and height that is cut off at each border, below a half. @default 0 */
  readonly margin?: number | undefined;
  /** Whether only the camera moves, and nothing in the scene by itself. @default false */
  readonly onlyCameraMoves?: boolean | undefined;
  /** The number of threads. It does not change the result. */
  readonly threads: number;
  /** How long finishing may compute, milliseconds. */
  readonly timeoutMs: number;
  /** How long it may take for a frame, milliseconds. @default two minutes */
  readonly stallMs?: number | undefined;
}

/** Frames with a shorter side cannot be finished. Pixels. */
export const MIN_FINISHED_SIDE = 16;

/** Frames could not be finished, or not in time. They can still be encoded as they are. */
export class FinishError extends Error {
  override readonly name = 'FinishError';
}

/**
 * Whether there is anything to finish: the files are larger or faster than the model's frames, or have the photo's detail.
 *
 * @param hasPhoto whether the photo's detail is wanted.
 */
export function needsFinishing(
  { width, height, timeline }: Pick<FinishRequest, 'width' | 'height' | 'timeline'>,
  hasPhoto: boolean,
): boolean {
  const isLarger = timeline.width !== width || timeline.height !== height;
  return hasPhoto || isLarger || (timeline.frames > 1 && timeline.outputFps > timeline.fps);
}

/** How finished frames are encoded: they have the size and the rate of the files. */
export function finishedRequest(timeline: Timeline): Pick<MediaRequest, 'width' | 'height' | 'frames' | 'fps'> {
  const { frames, fps } = fileShape(timeline, 'mp4');
  return { width: timeline.width, height: timeline.height, frames, fps };
}

/**
 * Finishes the frames of a model as they arrive: see `finishFrames`.
 *
 * @param frames the model's frames, RGB, 8 bits, in chunks of any length.
 * @param onFrame called when the frames up to one of the model's have been taken, with their number.
 * @throws FinishError when finishing fails or takes too long; the error of `frames`; the signal's reason.
 */
export async function* finishVideo(
  frames: AsyncIterable<Uint8Array>,
  request: FinishRequest,
  onFrame: (count: number) => void,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { width, height, timeline, margin = 0, photo, onlyCameraMoves, threads, timeoutMs, stallMs } = request;
  const multiple = timeline.frames > 1 ? Math.max(1, timeline.outputFps / timeline.fps) : 1;
  using limit = createFinishLimit(timeoutMs, stallMs);
  const source = watchSource(frames, (waits) => limit.waitsForSource(waits));
  const uncut = beforeCut(timeline, margin);
  let taken = 0;
  let reported = 0;
  try {
    const finished = finishFrames(source.frames, {
      width,
      height,
      outWidth: uncut.width,
      outHeight: uncut.height,
      multiple,
      photo: photo ?? undefined,
      onlyCameraMoves,
      threads,
      signal: AbortSignal.any([signal, limit.signal]),
    });
    limit.waitsForFrame(true);
    for await (const frame of finished) {
      limit.waitsForFrame(false);
      yield cutCentre(frame, uncut, timeline);
      taken += 1;
      while (reported < timeline.frames && finishedFrames(reported + 1, multiple) <= taken) onFrame(++reported);
      limit.waitsForFrame(true);
    }
  } catch (cause) {
    if (signal.aborted || source.failed(cause)) throw cause;
    throw new FinishError(`finishing ${limit.signal.aborted ? String(limit.signal.reason) : 'failed'}`, { cause });
  }
}

/** Passes frames on, tells when one is waited for, and knows which error was theirs. */
function watchSource(frames: AsyncIterable<Uint8Array>, onWait: (waits: boolean) => void) {
  let failure: { readonly error: unknown } | null = null;
  async function* watched(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      onWait(true);
      for await (const frame of frames) {
        onWait(false);
        yield frame;
        onWait(true);
      }
    } catch (error) {
      failure = { error };
      throw error;
    } finally {
      onWait(false);
    }
  }
  return { frames: watched(), failed: (error: unknown) => failure?.error === error };
}
