import type { CameraMoveName } from '@cinematica/settings';
import type { Model, RgbImage, SettingsRequest } from '@cinematica/svd';
import { meanMotion, moveAndParallax } from './camera-move.ts';
import { luma } from './luma.ts';
import { makeFrames } from './make-frames.ts';

/** The motion from the first to the last frame, in pixels. */
export interface MeasuredMove {
  /** How far the view moves to the right and down at the center. With parallax, that is the motion of most blocks. */
  readonly right: number;
  readonly down: number;
  /** How far the view moves inwards at the ends of the longer side; negative if it moves outwards. */
  readonly nearer: number;
  /** The mean motion over the picture. */
  readonly pixels: number;
  /** The mean deviation of the blocks from a motion without parallax. */
  readonly parallax: number;
}

/** Sizes that are fast to compute. */
export const MOVE_SIZES = [
  { width: 192, height: 128 },
  { width: 128, height: 192 },
] as const;
/** Frames of a short video, with much motion: 11/49 of the way of a whole video. */
const SHORT = { frames: 12, motionBucketId: 255 } as const;

/** Makes a short video with a camera move, and measures the motion. */
export async function makeMove(
  model: Model,
  photo: RgbImage,
  request: Pick<SettingsRequest, 'width' | 'height' | 'seed' | 'camera'>,
): Promise<MeasuredMove> {
  const only = [0, SHORT.frames - 1];
  const { frames } = await makeFrames(model, photo, SHORT.frames, { ...request, ...SHORT }, only);
  return measureMove(frames[0]!, frames[1]!);
}

/** Measures the motion between two frames. */
export function measureMove(first: RgbImage, last: RgbImage): MeasuredMove {
  const [begin, end] = [luma(first), luma(last)];
  const { move, parallax } = moveAndParallax(begin, end, 32);
  return {
    right: move.x[0],
    down: move.y[0],
    nearer: ((move.x[1] + move.y[2]) / -4) * Math.max(end.width, end.height),
    pixels: meanMotion(move, begin),
    parallax,
  };
}

/** The direction of each camera move, for `right`, `down` and `nearer`; null where it may be any. */
const DIRECTIONS: Readonly<Record<CameraMoveName, readonly (number | null)[]>> = {
  still: [0, 0, 0],
  'push-in': [0, 0, 1],
  'pull-out': [0, 0, -1],
  'pan-left': [-1, 0, null],
  'pan-right': [1, 0, null],
  'tilt-up': [0, -1, null],
  'tilt-down': [0, 1, null],
  // The camera keeps looking at the subject, so most of the picture, which is behind it, moves the other way.
  'orbit-left': [1, 0, null],
  'orbit-right': [-1, 0, null],
};
/** A still picture may seem to move this much, in pixels. */
const MOST_STILL = 0.5;
/** Motion in a direction is at least this much, in pixels. */
const LEAST_MOTION = 1;
/** Where there should be little motion, it is at most this part of the motion in the right direction. */
const MOST_ACROSS = 0.7;

/** What is wrong with the motion of a camera move; null if it goes where its name says. */
export function problemOf(name: CameraMoveName, { right, down, nearer, pixels }: MeasuredMove): string | null {
  if (name === 'still') return pixels <= MOST_STILL ? null : `moves ${pixels.toFixed(2)} px`;
  const wanted = DIRECTIONS[name];
  const along = [right, down, nearer].map((value, i) => value * (wanted[i] ?? 0));
  const across = Math.max(...[right, down, nearer].map((value, i) => (wanted[i] === 0 ? Math.abs(value) : 0)));
  const motion = Math.max(...along);
  if (motion < LEAST_MOTION) return `moves only ${motion.toFixed(2)} px that way`;
  return across <= MOST_ACROSS * motion ? null : `moves ${across.toFixed(2)} px across`;
}

/** How many pixels of parallax there are for each pixel of motion at the center: an orbit has much more than a pan. */
export const parallaxShare = ({ right, down, parallax: pixels }: MeasuredMove): number =>
  pixels / Math.hypot(right, down);
