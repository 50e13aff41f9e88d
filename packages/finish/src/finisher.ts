import { abortable } from '@cinematica/concurrency';
import type { RgbPixels } from './image/bicubic.ts';
import { createPool } from './pool.ts';
import type { Pool } from './pool.ts';
import type { Flow } from './image/plane.ts';
import { createFlow } from './image/plane.ts';
import { shareFlow } from './image/shared.ts';
import { LIGHT_REACH } from './light.ts';
import type { PhotoMotion } from './photo-motion.ts';
import { MOTION_REACH } from './steady-motion.ts';
import type { NeighbourMotion } from './neighbour-motion.ts';
import type { PhotoDetail } from './detail.ts';

/** The sizes, the frame multiple and the photo that a finisher works with. */
export interface FinishOptions {
  /** Width and height of the model's frames in pixels, at least 16. */
  readonly width: number;
  readonly height: number;
  /** Width and height of the finished frames in pixels. */
  readonly outWidth: number;
  readonly outHeight: number;
  /** The number of finished frames for each frame of the model, at least 1, not necessarily whole. 1 adds no frames. */
  readonly multiple: number;
  /**
   * The photo that the first frame shows, cropped to the frames' shape: interleaved 8-bit sRGB, of any size. Without it,
   * frames are only enlarged and interpolated.
   */
  readonly photo?: { readonly width: number; readonly height: number; readonly data: Uint8Array } | undefined;
  /**
   * Whether only the camera moves, and nothing in the scene by itself. Small places where the frames do not follow the photo are then
   * errors of the model, and are filled from their surroundings. @default false
   */
  readonly onlyCameraMoves?: boolean | undefined;
  /** The number of threads. It does not change the result. @default 2 */
  readonly threads?: number | undefined;
  /** Ends the work. The iterator then throws the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Tolerance for rounding errors of positions in the video. */
const EPSILON = 1e-9;

/** The number of finished frames of a video. The last one is the last frame of the model. */
export const finishedFrames = (frames: number, multiple: number): number =>
  frames === 0 ? 0 : Math.floor((frames - 1) * multiple + EPSILON) + 1;

/** The number of finished frames before one of the model's. */
const framesBefore = (index: number, multiple: number): number => Math.max(0, Math.ceil(index * multiple - EPSILON));

/** The number of intervals that are computed ahead of the one that is being read. */
const INTERVALS_AHEAD = 3;
/** With that many finished frames waiting, no further interval is begun: at a high multiple, intervals have many frames. */
const MAX_FRAMES_AHEAD = 12;

/**
 * Finishes a video: enlarges its frames, adds detail of the photo where its motion can be followed, and interpolates frames
 * along the motion. It computes a limited number of frames ahead of the caller, and reads no more of the source than these
 * need. The result depends only on frames, photo and sizes, not on the lengths of the pieces or the number of threads.
 *
 * @param pieces the model's frames, `[frames, height, width, 3]`, 8-bit RGB, in pieces of any length.
 * @returns finished frames in order, `[outHeight, outWidth, 3]` each, {@link finishedFrames} of them.
 * @throws RangeError for invalid sizes, or a source that ends within a frame; the signal's reason when it aborts.
 */
export async function* finishFrames(
  pieces: AsyncIterable<Uint8Array>,
  options: FinishOptions,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  checkOptions(options);
  const { threads = 2, multiple, signal } = options;
  signal?.throwIfAborted();
  await using pool = createPool(threads);
  const frames = wholeFrames(pieces, options)[Symbol.asyncIterator]();
  const video = createVideo(pool, options);
  const finished: Promise<Uint8Array<ArrayBuffer>>[] = [];
  try {
    for (let more = true; more || finished.length > 0;) {
      while (more && finished.length <= Math.min(INTERVALS_AHEAD * multiple, MAX_FRAMES_AHEAD)) {
        const next = await abortable(frames.next(), signal);
        more = next.done !== true;
        for (const picture of next.done === true ? video.end() : video.add(next.value)) {
          // An error is thrown where its frame would have been.
          picture.catch(() => undefined);
          finished.push(picture);
        }
      }
      const picture = finished.shift();
      if (picture) yield await abortable(picture, signal);
    }
  } finally {
    // Not awaited, because a source that never ends would delay the end.
    frames.return(undefined).catch(() => undefined);
  }
}

interface VideoFrame {
  readonly pixels: RgbPixels;
  /** The motion from the previous frame to this one; null for the first frame. */
  readonly motion: Promise<NeighbourMotion> | null;
  /** How the motion changes at this frame; null at the ends of the video, and while no frame follows. */
  acceleration: Promise<Flow> | null;
  /** The motion to the photo, as it was found. */
  readonly track: Promise<Flow> | null;
  /** The same, steady along time; null until enough frames follow, and without a photo. */
  toPhoto: Promise<PhotoMotion> | null;
  /** The same with steady light; null until enough frames follow, and without a photo. */
  shown: Promise<PhotoMotion> | null;
}

/** Turns frames into tasks. Each task starts when the results that it needs are available. */
function createVideo(pool: Pool, options: FinishOptions) {
  const { photo, multiple, outWidth, outHeight, width, height, onlyCameraMoves = false } = options;
  /** The newest frames, as many as tasks still need. */
  const frames: VideoFrame[] = [];
  /** The number of the first one of them. */
  let oldest = 0;
  let first: RgbPixels | null = null;
  let detail: Promise<PhotoDetail> | null = null;
  const end = (): number => oldest + frames.length;
  const frame = (number: number): VideoFrame => frames[number - oldest]!;

  const track = async (pixels: RgbPixels, before: VideoFrame, motion: Promise<NeighbourMotion>): Promise<Flow> => {
    const [{ backward }, known] = await Promise.all([motion, before.track!]);
    return pool.run('trackPhoto', pixels, first!, backward, known);
  };

  const accelerate = async (...motions: readonly [Promise<NeighbourMotion>, Promise<NeighbourMotion>]): Promise<Flow> =>
    pool.run('acceleration', ...(await Promise.all(motions)));

  const receive = (pixels: RgbPixels): void => {
    const before = frames.at(-1);
    if (!before) {
      first = pixels;
      if (photo) {
        const shared = { width: photo.width, height: photo.height, data: sharedBytes(photo.data) };
        detail = quiet(pool.run('preparePhoto', shared, pixels, outWidth, outHeight));
      }
      const still = photo ? Promise.resolve(shareFlow(createFlow(width, height))) : null;
      frames.push({ pixels, motion: null, acceleration: null, track: still, toPhoto: null, shown: null });
      return;
    }
    const motion = quiet(pool.run('neighbourMotion', before.pixels, pixels));
    const tracked = photo ? quiet(track(pixels, before, motion)) : null;
    // Only frames in between need it.
    if (before.motion && multiple > 1) before.acceleration = quiet(accelerate(before.motion, motion));
    frames.push({ pixels, motion, acceleration: null, track: tracked, toPhoto: null, shown: null });
  };

  /** The frames around one, up to the last one so far, and which of them it is. */
  const around = (number: number, reach: number): { near: readonly VideoFrame[]; at: number } => {
    const from = Math.max(number - reach, oldest);
    const to = Math.min(number + reach + 1, end());
    return { near: frames.slice(from - oldest, to - oldest), at: number - from };
  };

  const follow = async (number: number): Promise<PhotoMotion> => {
    const { near, at } = around(number, MOTION_REACH);
    const { pixels, motion } = frame(number);
    const before = number === 0 ? null : frame(number - 1).toPhoto;
    const [ready, tracks, between, known] = await Promise.all([
      detail!,
      Promise.all(near.map((each) => each.track!)),
      motion,
      before,
    ]);
    const previous = between && known ? { ...known, motion: between } : null;
    return pool.run('followPhoto', pixels, ready, tracks, at, previous);
  };

  const show = async (number: number): Promise<PhotoMotion> => {
    const { near, at } = around(number, LIGHT_REACH);
    const motions = await Promise.all(near.map((each) => each.toPhoto!));
    const lights = motions.flatMap(({ light, trust }) => (light ? [{ light, trust }] : []));
    const own = motions[at]!;
    const steady = own.light ? { ...own, light: await pool.run('steadyLight', lights, at) } : own;
    return onlyCameraMoves && number > 0 ? pool.run('fillIslands', steady) : steady;
  };

  /** Starts what can be started with the frames so far: `known` of them, or all of a video that has ended. */
  let followed = 0;
  let shown = 0;
  let rendered = 0;
  const advance = (ended: boolean): Promise<Uint8Array<ArrayBuffer>>[] => {
    const known = end();
    if (photo) {
      for (; followed < known - (ended ? 0 : MOTION_REACH); followed++)
        frame(followed).toPhoto = quiet(follow(followed));
      for (; shown < followed - (ended ? 0 : LIGHT_REACH); shown++) frame(shown).shown = quiet(show(shown));
    }
    // An interval needs the motion of the next one.
    const ready = photo ? shown : known - (ended || multiple === 1 ? 0 : 1);
    const pictures: Promise<Uint8Array<ArrayBuffer>>[] = [];
    for (; rendered < ready - 1; rendered++) {
      const [before, after] = [frame(rendered), frame(rendered + 1)];
      const from = framesBefore(rendered, multiple);
      for (let index = from; index < framesBefore(rendered + 1, multiple); index++) {
        const time = index / multiple - rendered;
        pictures.push(render(before, after, time < EPSILON ? 0 : time));
      }
    }
    const isLastShown = finishedFrames(known, multiple) > framesBefore(known - 1, multiple);
    if (ended && known > 0 && isLastShown) pictures.push(render(frame(known - 1), null, 0));
    const needed = Math.max(0, rendered - LIGHT_REACH - MOTION_REACH);
    for (; oldest < needed; oldest++) frames.shift();
    return pictures;
  };

  const render = async (before: VideoFrame, after: VideoFrame | null, time: number) => {
    const still = time === 0;
    const [motion, accelerationBefore, accelerationAfter, prepared, photoBefore, photoAfter] = await Promise.all([
      still ? null : after!.motion,
      still ? null : before.acceleration,
      still ? null : after!.acceleration,
      detail,
      before.shown,
      still ? null : after!.shown,
    ]);
    return pool.run('render', {
      before: before.pixels,
      after: still ? null : after!.pixels,
      motion,
      accelerationBefore,
      accelerationAfter,
      time,
      photo: prepared,
      photoBefore,
      photoAfter,
      outWidth,
      outHeight,
    });
  };

  return {
    add(data: Uint8Array): Promise<Uint8Array<ArrayBuffer>>[] {
      receive({ width, height, data });
      return advance(false);
    },
    end: (): Promise<Uint8Array<ArrayBuffer>>[] => advance(true),
  };
}

/** Prevents an unhandled rejection. The code that awaits the promise still receives the error. */
function quiet<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}

/** Assembles pieces of any length into frames, in memory that the threads share. */
async function* wholeFrames(pieces: AsyncIterable<Uint8Array>, { width, height }: FinishOptions) {
  const size = 3 * width * height;
  let frame = new Uint8Array(new SharedArrayBuffer(size));
  let filled = 0;
  for await (const piece of pieces) {
    for (let at = 0; at < piece.length;) {
      const part = piece.subarray(at, at + size - filled);
      frame.set(part, filled);
      filled += part.length;
      at += part.length;
      if (filled < size) continue;
      yield frame;
      frame = new Uint8Array(new SharedArrayBuffer(size));
      filled = 0;
    }
  }
  if (filled > 0) throw new RangeError(`the frames end ${size - filled} bytes short of a whole one`);
}

function sharedBytes(data: Uint8Array): Uint8Array {
  const shared = new Uint8Array(new SharedArrayBuffer(data.length));
  shared.set(data);
  return shared;
}

const LEAST_SIDE = 16;

function checkOptions({ width, height, outWidth, outHeight, multiple, photo, threads = 2 }: FinishOptions): void {
  const whole = [width, height, outWidth, outHeight, threads];
  if (!whole.every((value) => Number.isInteger(value) && value > 0)) {
    throw new RangeError('sizes and threads must be whole numbers above 0');
  }
  if (!(multiple >= 1 && multiple <= 240)) throw new RangeError(`multiple must be from 1 to 240, not ${multiple}`);
  if (Math.min(width, height) < LEAST_SIDE) {
    throw new RangeError(`frames of ${width}×${height} are too small: each side needs at least ${LEAST_SIDE} pixels`);
  }
  if (photo && photo.data.length !== 3 * photo.width * photo.height) {
    throw new RangeError(`a photo of ${photo.width}×${photo.height} has ${3 * photo.width * photo.height} bytes`);
  }
}
