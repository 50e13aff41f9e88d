import { fileShape } from '@cinematica/pipeline';
import type { Timeline } from '@cinematica/pipeline';
import { finishedFrames, finishFrames } from '@cinematica/finish';
import type { RgbImage } from '@cinematica/svd/image';
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
  /** The number of threads. It does not change the result. */
  readonly threads: number;
  /** How long finishing may take, milliseconds. */
  readonly timeoutMs: number;
}

/** Frames could not be finished, or not in time. They can still be encoded as they are. */
export class FinishError extends Error {
  override readonly name = 'FinishError';
}

/** Whether there is anything to finish: the files are larger or faster than the model's frames. */
export function needsFinishing({
  width,
  height,
  timeline,
}: Pick<FinishRequest, 'width' | 'height' | 'timeline'>): boolean {
  const isLarger = timeline.width !== width || timeline.height !== height;
  return isLarger || (timeline.frames > 1 && timeline.outputFps > timeline.fps);
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
  const { width, height, timeline, photo, threads, timeoutMs } = request;
  const multiple = timeline.frames > 1 ? Math.max(1, timeline.outputFps / timeline.fps) : 1;
  const source = watchErrors(frames);
  const late = AbortSignal.timeout(timeoutMs);
  let taken = 0;
  let reported = 0;
  try {
    const finished = finishFrames(source.frames, {
      width,
      height,
      outWidth: timeline.width,
      outHeight: timeline.height,
      multiple,
      photo: photo ?? undefined,
      threads,
      signal: AbortSignal.any([signal, late]),
    });
    for await (const frame of finished) {
      yield frame;
      taken += 1;
      while (reported < timeline.frames && finishedFrames(reported + 1, multiple) <= taken) onFrame(++reported);
    }
  } catch (cause) {
    if (signal.aborted || source.failed(cause)) throw cause;
    const why = late.aborted ? `took more than ${timeoutMs / 1000} s` : 'failed';
    throw new FinishError(`finishing ${why}`, { cause });
  }
}

/** Passes frames on, and remembers their error, to distinguish it from one of the finishing. */
function watchErrors(frames: AsyncIterable<Uint8Array>) {
  let failure: { readonly error: unknown } | null = null;
  async function* watched(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      yield* frames;
    } catch (error) {
      failure = { error };
      throw error;
    }
  }
  return { frames: watched(), failed: (error: unknown) => failure?.error === error };
}
