import type { FileFormat } from '@cinematica/settings';
import type { Plan } from '../messages.ts';
import { modelFrames, modelRate } from './model-frames.ts';

/** The frames of a video: how many the model makes, and how large and how fast they are in the files. */
export interface Timeline {
  /** The size of the frames of the files, in pixels. */
  readonly width: number;
  readonly height: number;
  /** The number of frames that the model makes, and their rate per second. */
  readonly frames: number;
  readonly fps: number;
  /** The frame rate of the files, at least `fps`. */
  readonly outputFps: number;
}

/** The size of a file's picture in pixels, the number of its frames, and their rate per second. */
export interface FileShape {
  readonly width: number;
  readonly height: number;
  readonly frames: number;
  readonly fps: number;
}

/** Places that accept only images also limit their size, so an animated WebP has fewer and smaller frames. */
const WEBP_MAX_SIDE = 640;
const WEBP_MAX_FPS = 15;

/** The size of the picture in a link preview, which messengers and networks ask for. */
export const CARD_SIZE = { width: 1200, height: 630 } as const;

/**
 * The timeline of a plan. Plans of earlier versions have no output size: their files are as large as the model's frames. Some have
 * no rate either.
 */
export const timelineOf = (plan: Plan): Timeline => ({
  width: plan.outputWidth || plan.width,
  height: plan.outputHeight || plan.height,
  frames: modelFrames(plan),
  fps: modelRate(plan) || 1,
  outputFps: plan.frameRate,
});

/**
 * The shape of one of a video's files. Sizes are even, because video with subsampled chroma needs that.
 *
 * @param boomerang plays forwards and then backwards. It is one whole period: its end frames are not doubled, and its last frame is
 *   followed by its first.
 */
export function fileShape(timeline: Timeline, format: FileFormat, boomerang = false): FileShape {
  const { frames, fps, outputFps } = timeline;
  const width = evenSize(timeline.width);
  const height = evenSize(timeline.height);
  if (format === 'card') return { ...CARD_SIZE, frames: 1, fps };
  if (format === 'poster' || frames === 1) return { width, height, frames: 1, fps };
  const outFps = Math.max(fps, outputFps);
  const forth = finishedFrames(frames, outFps / fps);
  const shown = boomerang ? 2 * (forth - 1) : forth;
  if (format !== 'webp') return { width, height, frames: shown, fps: outFps };
  const scale = Math.min(1, WEBP_MAX_SIDE / Math.max(width, height));
  const every = Math.max(1, Math.ceil(outFps / WEBP_MAX_FPS));
  return {
    width: Math.round((width * scale) / 2) * 2,
    height: Math.round((height * scale) / 2) * 2,
    frames: Math.ceil(shown / every),
    fps: outFps / every,
  };
}

/** The number of frames between the first and the last of `frames`, both included, at `rate` times their rate. */
const finishedFrames = (frames: number, rate: number): number => Math.floor((frames - 1) * rate + 1e-9) + 1;

/** The width or height of the files for frames of this width or height. */
export const evenSize = (pixels: number): number => pixels + (pixels % 2);
