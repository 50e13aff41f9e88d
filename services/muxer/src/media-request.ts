/** What a file holds: an H.264 mp4, a VP9 WebM, an animated WebP, or the first frame as a WebP picture. */
export type MediaFormat = 'mp4' | 'webm' | 'webp' | 'poster';

/** A file to make. */
export interface MediaOutput {
  readonly format: MediaFormat;
  /** Where to; a file that is there is replaced, and only by a whole one. */
  readonly file: string;
  /** There and back again, so that it repeats without a jump. Of no meaning for a poster. */
  readonly boomerang?: boolean | undefined;
}

/** Raw frames, and what to make of them. */
export interface MediaRequest {
  /** Pixels of the frames that come; files of odd ones are made even by repeating their last column or row. */
  readonly width: number;
  readonly height: number;
  /** How many frames come. */
  readonly frames: number;
  /** Of the frames that come, per second: the speed at which they are shown. */
  readonly fps: number;
  /** Higher than `fps`: frames in between are interpolated along the motion. The same speed if not given. */
  readonly outputFps?: number | undefined;
  readonly outputs: readonly MediaOutput[];
  /** What the video was made with, for its metadata: nothing that its owner would not want passed on with it. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Of the encoders; another number gives other bytes. 2 if not given. */
  readonly threads?: number | undefined;
  /** How long ffmpeg may do nothing with frames that are there, in ms; 120,000 if not given. */
  readonly silenceMs?: number | undefined;
}

/** Something is asked for that can't be made, or the frames are not those announced. */
export class MediaError extends Error {
  override readonly name = 'MediaError';
}

const LIMITS = { width: [1, 8192], height: [1, 8192], frames: [1, 10_000], threads: [1, 64] } as const;

/** @throws MediaError naming what can't be */
export function checkMediaRequest(request: MediaRequest): void {
  const { fps, outputFps = fps, outputs } = request;
  for (const [name, [min, max]] of Object.entries(LIMITS)) {
    const value = request[name as keyof typeof LIMITS];
    if (value !== undefined && !(Number.isInteger(value) && value >= min && value <= max)) {
      throw new MediaError(`${name} must be a whole number from ${min} to ${max}, not ${value}`);
    }
  }
  if (!(fps >= 1 && fps <= 240)) throw new MediaError(`fps must be from 1 to 240, not ${fps}`);
  if (!(outputFps >= fps && outputFps <= 240)) {
    throw new MediaError(`the output's frame rate must be from the frames' own ${fps} to 240, not ${outputFps}`);
  }
  if (outputs.length === 0) throw new MediaError('no output is asked for');
  if (new Set(outputs.map(({ file }) => file)).size < outputs.length) {
    throw new MediaError('two outputs have the same file');
  }
}

/** Width or height in the files: video with halved chroma takes even numbers only. */
export const evenSize = (pixels: number): number => pixels + (pixels % 2);

/** Whether frames are put between those that come. */
export const interpolates = ({ frames, fps, outputFps = fps }: MediaRequest): boolean => frames > 1 && outputFps > fps;

/** Frame rate of the files. */
export const fileFps = (request: MediaRequest): number =>
  interpolates(request) ? (request.outputFps ?? request.fps) : request.fps;

/**
 * Frames of a file. The end frames of a boomerang are not doubled: it is one whole period, so that its last frame is the
 * one before its first.
 */
export function fileFrames(request: MediaRequest, { format, boomerang }: Omit<MediaOutput, 'file'>): number {
  const { frames, fps } = request;
  if (format === 'poster' || frames === 1) return 1;
  const rate = fileFps(request) / fps;
  return boomerang ? Math.round(2 * (frames - 1) * rate) : Math.floor((frames - 1) * rate + 1e-9) + 1;
}
